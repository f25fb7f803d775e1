"""Sound, checked against analytic signals."""

import wave
from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest

from jaxeval.errors import JaxevalError
from jaxeval.media.audio import _by_run, decode_audio, loudness_envelope
from jaxeval.media.container import NoAudioError
from jaxeval.media.video import Video

from .numbered_clips import evenly, write_numbered

INT16_STEP = 1 / 32768


def sine(rate, seconds=1.0, hertz=440.0, start=0.0):
    return 0.5 * np.sin(2 * np.pi * hertz * (start + np.arange(int(rate * seconds)) / rate))


def write_wav(path, channels, rate):
    """channels: [C, N] in [-1, 1]."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(len(channels))
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(np.rint(np.stack(channels, axis=1) * 32767).astype("<i2").tobytes())
    return path


def write_sound(path, pieces, rate, codec="aac", picture_starts=None):
    """pieces: [(start in seconds, samples)]; beside them 2 s of picture, if it starts at all."""
    with av.open(str(path), "w") as output:
        stream = output.add_stream(codec, rate=rate, layout="mono")
        if picture_starts is not None:
            video = output.add_stream("libx264", rate=25)
            video.width, video.height, video.pix_fmt = 64, 48, "yuv420p"
            for k in range(50):
                frame = av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")
                frame.pts, frame.time_base = k + round(picture_starts * 25), Fraction(1, 25)
                output.mux(video.encode(frame))
            output.mux(video.encode(None))
        for start, samples in pieces:
            frame = av.AudioFrame.from_ndarray(
                np.rint(samples[None] * 32767).astype(np.int16), format="s16", layout="mono"
            )
            frame.sample_rate, frame.pts, frame.time_base = rate, round(start * rate), Fraction(1, rate)
            output.mux(stream.encode(frame))
        output.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("rate", [8000, 16000, 22050, 44100, 48000])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_any_rate_and_layout_become_mono_at_16_khz(tmp_path, rate, channels):
    path = write_wav(tmp_path / "tone.wav", [sine(rate)] * channels, rate)
    samples, start = decode_audio(path)
    assert (samples.dtype, start) == (np.float32, 0.0)
    assert abs(len(samples) - 16000) <= 1
    # the ends are where the resampling filter sees silence
    np.testing.assert_allclose(samples[200:15800], sine(16000)[200:15800], atol=2e-3 if rate == 8000 else 5e-4)


def test_opposite_channels_cancel(tmp_path):
    samples, _ = decode_audio(write_wav(tmp_path / "tone.wav", [sine(44100), -sine(44100)], 44100))
    assert np.abs(samples).max() <= 2 * INT16_STEP


def test_left_alone_is_halved(tmp_path):
    samples, _ = decode_audio(write_wav(tmp_path / "tone.wav", [sine(16000), 0 * sine(16000)], 16000))
    np.testing.assert_allclose(samples, sine(16000) / 2, atol=2 * INT16_STEP)


def test_mono_at_the_same_rate_is_untouched(tmp_path):
    path = write_wav(tmp_path / "tone.wav", [sine(16000)], 16000)
    np.testing.assert_allclose(decode_audio(path)[0], np.rint(sine(16000) * 32767) / 32768, atol=1e-7)


@pytest.mark.parametrize("rate", [8000, 24000])
def test_another_output_rate(tmp_path, rate):
    samples, _ = decode_audio(write_wav(tmp_path / "tone.wav", [sine(48000)], 48000), sample_rate=rate)
    np.testing.assert_allclose(samples[200:-200], sine(rate)[200 : len(samples) - 200], atol=5e-4)


@pytest.mark.parametrize(
    ("suffix", "codec"), [("mp4", "aac"), ("mkv", "aac"), ("webm", "libopus"), ("mp3", "libmp3lame")]
)
def test_coded_sound_keeps_its_place_in_time(tmp_path, suffix, codec):
    click = np.zeros(48000)
    click[24000:24960] = sine(48000, 0.02, 2000)
    samples, start = decode_audio(write_sound(tmp_path / f"click.{suffix}", [(0, click)], 48000, codec))
    loud = np.flatnonzero(np.abs(samples) > 0.25)
    assert start + loud[0] / 16000 == pytest.approx(0.5, abs=0.003)
    assert start + loud[-1] / 16000 == pytest.approx(0.52, abs=0.003)


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize(("sound_starts", "picture_starts"), [(0.52, 0.0), (0.0, 0.52), (0.52, 0.52)])
def test_sound_and_picture_share_a_clock(tmp_path, suffix, sound_starts, picture_starts):
    path = tmp_path / f"clip.{suffix}"
    write_sound(
        path, [(sound_starts, sine(16000, hertz=300, start=sound_starts))], 16000, picture_starts=picture_starts
    )
    samples, start = decode_audio(path)
    video = Video(path).info
    late = sound_starts - picture_starts
    assert start - video.start_s == pytest.approx(late, abs=0.065)  # AAC may begin up to 1024 samples early, in silence
    assert min(start, video.start_s) == pytest.approx(0.0, abs=0.065)
    assert video.damage is None
    times = picture_starts + start - video.start_s + np.arange(len(samples)) / 16000
    inside = (times > sound_starts + 0.1) & (times < sound_starts + 0.9)
    np.testing.assert_allclose(samples[inside], 0.5 * np.sin(2 * np.pi * 300 * times[inside]), atol=0.02)


def test_a_gap_is_filled_with_silence(tmp_path):
    pieces = [(0.0, sine(48000, 0.48)), (1.0, sine(48000, 0.48))]
    samples, _ = decode_audio(write_sound(tmp_path / "gap.mkv", pieces, 48000, "flac"))
    assert len(samples) == pytest.approx(1.48 * 16000, abs=20)
    loudness = loudness_envelope(samples, 16000, fps=25)
    assert (loudness[1:11] > 0.3).all()
    assert (loudness[13:24] < 1e-3).all()
    assert (loudness[26:36] > 0.3).all()


@pytest.mark.parametrize(
    ("stamps", "expected"),
    [
        ([0, 1600, 3200], 0),
        ([None, 4800, 6400], 3200),
        ([None, None, 4800, 6400], 1600),
        ([4800, None, None], 4800),
        ([None, None], 22400),
        ([None] * 20, 22400),
    ],
)
def test_missing_stamps_at_the_beginning_count_back_from_the_first_known_one(stamps, expected):
    frames = []
    for stamp in stamps:
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1600), np.int16), format="s16", layout="mono")
        frame.sample_rate, frame.pts, frame.time_base = 16000, stamp, Fraction(1, 16000)
        frames.append(frame)
    timed = list(_by_run(frames, Fraction(60), beginning=Fraction(7, 5)))
    assert {run.start * 16000 for run, _ in timed} == {expected}
    assert [frame for _, frame in timed] == frames


def test_truncated_sound_gives_what_decodes(tmp_path):
    path = write_sound(tmp_path / "tone.mkv", [(0, sine(48000))], 48000, "flac")
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    samples, _ = decode_audio(path)
    assert 1000 < len(samples) < 15000
    np.testing.assert_allclose(samples[200:-200], sine(16000)[200 : len(samples) - 200], atol=5e-4)


def test_a_video_without_sound_is_its_own_case(tmp_path):
    path = write_numbered(tmp_path / "clip.mp4", **evenly(5, 25))
    with pytest.raises(NoAudioError, match="expected sound, found a file without sound"):
        decode_audio(path)


@pytest.mark.parametrize("content", [None, b"", b"no sound at all\n" * 9])
def test_no_sound_file_is_told_in_one_line(tmp_path, content):
    path = tmp_path / "speech.wav"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(JaxevalError, match=r"speech\.wav: expected sound, found .*\.$") as error:
        decode_audio(path)
    assert not isinstance(error.value, NoAudioError)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(("rate", "fps", "seconds"), [(16000, 25, 1.0), (16000, 30000 / 1001, 0.7), (44100, 24, 0.31)])
def test_loudness_is_the_root_mean_square_of_each_frame(rate, fps, seconds):
    samples = np.random.default_rng(0).uniform(-1, 1, int(rate * seconds)).astype(np.float32)
    loudness = loudness_envelope(samples, rate, fps)
    edges = [round(k * rate / fps) for k in range(len(loudness) + 1)]
    expected = [np.sqrt(np.mean(samples[a:b].astype(float) ** 2)) for a, b in pairwise(edges)]
    assert len(loudness) == round(seconds * fps)
    np.testing.assert_allclose(loudness, expected, rtol=1e-5)


def test_loudness_past_the_end_is_zero():
    np.testing.assert_array_equal(loudness_envelope(np.ones(4), 100, fps=25, count=3), np.float32([1, 0, 0]))
    assert loudness_envelope(np.ones(0), 100, fps=25).tolist() == [0.0]


@pytest.mark.parametrize(
    ("samples", "fps", "message"),
    [
        (np.zeros((2, 5)), 25, r"Expected samples of shape \[N\], got \[2, 5\]."),
        (np.zeros(5), 0, "Expected fps > 0 and sample_rate > 0, got 0 and 100."),
    ],
)
def test_bad_arguments(samples, fps, message):
    with pytest.raises(ValueError, match=message):
        loudness_envelope(samples, 100, fps)
