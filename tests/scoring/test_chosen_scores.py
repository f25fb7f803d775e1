"""Some scores instead of all: nothing else is computed, and each number is that of a full run."""

from dataclasses import replace

import numpy as np
import pytest

import jaxeval
from jaxeval.checkpoints import load_encoder
from jaxeval.demo.clips import SAMPLE_RATE, talking_face
from jaxeval.media.write import write_video
from jaxeval.protocol import JAXEVAL_V1
from jaxeval.results.score import aligned_names
from jaxeval.scoring import lpips_costs, networks

FRAMES = 40


@pytest.fixture(scope="module")
def clips(tmp_path_factory):
    """A talking face, and it three frames late."""
    folder = tmp_path_factory.mktemp("clips")
    frames, speech = talking_face()
    frames, speech = frames[:FRAMES], speech[: FRAMES * SAMPLE_RATE // 25]
    late = np.concatenate([frames[:1].repeat(3, 0), frames[:-3]])
    for name, pictures in (("reference", frames), ("late", late)):
        write_video(folder / f"{name}.mp4", pictures, 25, crf=10, audio=speech, sample_rate=SAMPLE_RATE)
    return folder / "late.mp4", folder / "reference.mp4"


@pytest.fixture(scope="module")
def whole(clips):
    return jaxeval.score(*clips)


@pytest.fixture
def used(monkeypatch):
    """Encoders that are loaded."""
    names = []
    monkeypatch.setattr(networks, "load_encoder", lambda name, **how: names.append(name) or load_encoder(name, **how))
    return names


@pytest.fixture
def no_perceptual_pass(monkeypatch):
    monkeypatch.setattr(lpips_costs, "_features", lambda *_: pytest.fail("a pass of the perceptual network"))


def check(chosen, whole, names):
    """These scores stand alone, and as in the full run."""
    (mine,), (theirs,) = chosen.clips, whole.clips
    assert mine.status == "ok"
    assert mine.scores == {name: value for name, value in theirs.scores.items() if name in names}
    assert mine.missing == {name: reason for name, reason in theirs.missing.items() if name in names}
    assert mine.scores.keys() | mine.missing.keys() == set(names)
    assert chosen.summary == {name: entry for name, entry in whole.summary.items() if name in names}
    assert chosen.document.details.keys() == chosen.document.details.keys() & set(names)
    signatures = whole.document.signatures
    assert chosen.document.signatures == {name: signatures[name] for name in signatures if name in names}
    for name, values in mine.curves.items():
        np.testing.assert_array_equal(values, theirs.curves[name])


@pytest.mark.slow
@pytest.mark.usefixtures("no_perceptual_pass")
def test_two_scores_take_no_perceptual_network(clips, whole, used):
    names = ("csim", "lip_sync")
    chosen = jaxeval.score(*clips, scores=names)
    check(chosen, whole, names)
    assert used
    assert not any("lpips" in name for name in used)
    assert [*chosen.clips[0].curves] == ["csim"]


@pytest.mark.slow
@pytest.mark.usefixtures("no_perceptual_pass")
@pytest.mark.parametrize(
    "names",
    [("expr_div", "lag_ms_expr"), ("pose", "jerk"), ("m_lmd",), ("fd_dlib_resnet",), ("smooth", "niqe")],
    ids=str,
)
def test_nor_do_these(clips, whole, used, names):
    chosen = jaxeval.score(*clips, scores=names)
    of_set = {name for name in names if name.startswith("fd_")}
    if of_set:
        assert chosen.summary == {name: whole.summary[name] for name in names}
        assert chosen.document.details == {name: whole.document.details[name] for name in names}
        assert chosen.clips[0].scores == {}
    else:
        check(chosen, whole, names)
    assert not any("lpips" in name for name in used)


@pytest.mark.slow
def test_the_clips_lag_alone_has_its_alignment(clips, whole):
    chosen = jaxeval.score(*clips, scores=("lag_ms",))
    check(chosen, whole, ("lag_ms",))
    assert chosen.clips[0].scores["lag_ms"] == pytest.approx(120, abs=40)
    np.testing.assert_array_equal(chosen.clips[0].alignment, whole.clips[0].alignment)


@pytest.mark.slow
def test_frame_by_frame_alone_no_matrix_is_made(clips, whole, monkeypatch):
    meet = lpips_costs._meet

    def without_products(blocks, center, pairs, products):
        assert not products, "a matrix that nobody asked for"
        return meet(blocks, center, pairs, products)

    monkeypatch.setattr(lpips_costs, "_meet", without_products)
    check(jaxeval.score(*clips, scores=("lpips",)), whole, ("lpips",))


@pytest.mark.slow
@pytest.mark.usefixtures("no_perceptual_pass")
@pytest.mark.parametrize(
    ("names", "encoder", "command"),
    [
        (("sync_c", "sync_div"), "syncnet", "jaxeval weights convert syncnet "),
        (("fid",), "inception_fid", "jaxeval weights convert inception_fid "),
        (("fvd",), "i3d", "jaxeval weights get i3d."),
    ],
)
def test_a_score_that_the_protocol_leaves_out_says_which_command_supplies_it(
    clips, tmp_path, monkeypatch, names, encoder, command
):
    monkeypatch.setenv("JAXEVAL_WEIGHTS_DIR", str(tmp_path))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    chosen = jaxeval.score(*clips, scores=names)
    (clip,) = chosen.clips
    assert (clip.status, clip.scores) == ("ok", {})
    told = clip.missing or {name: chosen.document.details[name].reason for name in names}
    assert told.keys() == set(names)
    assert all(command in reason for reason in told.values())
    assert command in chosen.lacking[encoder]
    assert all(f"encoder={encoder}" in chosen.document.signatures[name].long for name in names)
    assert all("weights=missing" in chosen.document.signatures[name].long for name in names)


ST_LPIPS = ("st_lpips", *aligned_names("st_lpips"))


@pytest.mark.slow
def test_st_lpips_is_what_a_protocol_gives_that_names_its_network(clips):
    encoders = {**JAXEVAL_V1.encoders, "perceptual": "st_lpips_alex"}
    other = replace(JAXEVAL_V1, name="mine", encoders=encoders, timing="st_lpips")
    (chosen,) = jaxeval.score(*clips, scores=ST_LPIPS).clips
    (expected,) = jaxeval.score(*clips, scores=ST_LPIPS, protocol=other).clips
    assert chosen.scores == expected.scores
    assert chosen.scores.keys() == set(ST_LPIPS)


@pytest.mark.slow
def test_without_a_temperature_a_score_has_no_aligned_form(clips):
    gamma = {name: value for name, value in JAXEVAL_V1.gamma.items() if name != "st_lpips"}
    other = replace(JAXEVAL_V1, name="mine", gamma=gamma)
    (clip,) = jaxeval.score(*clips, scores=(*ST_LPIPS, "l1"), protocol=other).clips
    assert clip.scores.keys() == {"st_lpips", "l1"}
    assert clip.missing == dict.fromkeys(aligned_names("st_lpips"), "mine sets no γ for st_lpips")


@pytest.mark.slow
def test_a_score_of_ones_own_is_chosen_by_its_name(clips, whole):
    scorers = [
        jaxeval.CustomScore("brightness", lambda frames, fps: float(frames.mean()), version="1"),
        jaxeval.CustomScore("unasked", lambda frames, fps: pytest.fail("nobody asked for it"), version="1"),
    ]
    (clip,) = jaxeval.score(*clips, scores=("brightness", "csim"), scorers=scorers).clips
    assert clip.scores == {"brightness": clip.scores["brightness"], "csim": whole.clips[0].scores["csim"]}
    assert 0 < clip.scores["brightness"] < 1


WITHOUT_MOTION = replace(
    JAXEVAL_V1,
    name="mine",
    encoders={role: name for role, name in JAXEVAL_V1.encoders.items() if role != "motion"},
    timing="pose",
)


def test_a_score_for_which_ones_own_protocol_has_no_network_is_refused():
    text = "scores: pose needs an encoder for motion, and mine names none"
    with pytest.raises(jaxeval.JaxevalError, match=text):
        jaxeval.score([("a.mp4", "b.mp4")], protocol=WITHOUT_MOTION, scores=("pose", "csim"))


@pytest.mark.slow
@pytest.mark.usefixtures("no_perceptual_pass")
def test_a_lag_for_which_ones_own_protocol_has_no_network_is_missing(clips):
    (clip,) = jaxeval.score(*clips, protocol=WITHOUT_MOTION, scores=("lag_ms", "csim")).clips
    assert (clip.status, [*clip.scores]) == ("ok", ["csim"])
    assert clip.missing == {"lag_ms": "mine names no encoder for motion"}
