"""The demonstration's clips: one talking face, and four methods that each fail in a known way."""

import os
from dataclasses import dataclass
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image
from scipy.ndimage import gaussian_filter1d

from jaxeval.checkpoints import load_encoder
from jaxeval.demo.puppet import Pose, Puppet
from jaxeval.files import make_folder
from jaxeval.media.audio import decode_audio, loudness_envelope
from jaxeval.media.write import write_video
from jaxeval.perturb.picture import blurred, degraded, late, late_audio, rubato, rubato_audio

MATERIAL = Path(__file__).with_name("material")
FPS = 25.0
SAMPLE_RATE = 16000
FACE_CENTRE, FACE_SIDE = (220.5, 120.5), 136.0  # of the square that the face mesh looks at, in the photograph
HEAD_AND_SHOULDERS = (84, 0, 356, 272)  # left, top, right, bottom of what the clip shows of it
CLOSED, OPEN = -4.5, 3.0  # of the mouth, in pixels from where it is in the photograph
SYLLABLE_SMOOTHING_S = 0.04
SWAY = 1.0  # of the head, in pixels
# Compression noise is a fault of its own: at crf 18 LPIPS sees more of it than of a copy that is 120 ms late.
NEARLY_LOSSLESS = 1


@dataclass(frozen=True)
class Demo:
    """The clips of the demonstration.

    Attributes:
        reference: the talking face.
        methods: name of each method to its clip of the same content.
    """

    reference: Path
    methods: dict[str, Path]


def make_demo(folder: str | os.PathLike[str]) -> Demo:
    """Make a talking face out of a photograph and speech, and four faulty copies of it.

    `folder/reference.mp4` is NASA's portrait of Eileen Collins, whose mouth follows the loudness of three seconds of a
    LibriVox reading. `folder/methods/` holds `late.mp4` (by 120 ms), `rubato.mp4` (speaking rate wandering by ±15 %),
    `blurred.mp4` (Gaussian, 2 pixels) and `degraded.mp4` (H.264 at crf 40). The sound of the first two
    goes wrong together with the picture. All are stored nearly without loss.

    Args:
        folder: where to write; made if it is not there.

    Returns:
        The paths.

    Raises:
        JaxevalError: the folder can't be written.

    Example:
        >>> import tempfile
        >>> demo = make_demo(tempfile.mkdtemp())
        >>> demo.reference.name, list(demo.methods)
        ('reference.mp4', ['late', 'rubato', 'blurred', 'degraded'])
    """
    make_folder(Path(folder) / "methods")
    frames, speech = talking_face()
    methods = {
        "late": (late(frames, fps=FPS), late_audio(speech, sample_rate=SAMPLE_RATE)),
        "rubato": (rubato(frames, fps=FPS), rubato_audio(speech, sample_rate=SAMPLE_RATE)),
        "blurred": (blurred(frames), speech),
        "degraded": (degraded(frames, fps=FPS), speech),
    }
    demo = Demo(Path(folder) / "reference.mp4", {name: Path(folder) / "methods" / f"{name}.mp4" for name in methods})
    _write(demo.reference, frames, speech)
    for name, (perturbed, sound) in methods.items():
        _write(demo.methods[name], perturbed.frames, sound)
    return demo


def talking_face() -> tuple[np.ndarray, np.ndarray]:
    """The talking face as arrays.

    Returns:
        frames: [75, 272, 272, 3] uint8 RGB at 25 frames per second.
        speech: [47840] float32 mono samples in [-1, 1] at 16 kHz.

    Example:
        >>> frames, speech = talking_face()
        >>> frames.shape, frames.dtype.name, speech.shape
        ((75, 272, 272, 3), 'uint8', (47840,))
    """
    speech, _ = decode_audio(MATERIAL / "speech.wav", SAMPLE_RATE)
    photo = Image.open(MATERIAL / "astronaut.png").convert("RGB")
    landmarks = _landmarks(photo) - np.array(HEAD_AND_SHOULDERS[:2])
    puppet = Puppet(np.asarray(photo.crop(HEAD_AND_SHOULDERS)) / 255.0, landmarks)
    openings = mouth_openings(speech)
    return np.stack([puppet.frame(Pose(opening, _sway(k / FPS))) for k, opening in enumerate(openings)]), speech


def mouth_openings(speech: np.ndarray) -> np.ndarray:
    """How far the mouth opens in each frame: the square root of the smoothed loudness between its extremes.

    Args:
        speech: [N] mono samples at 16 kHz.

    Returns:
        [T] pixels, from CLOSED at the quietest moment to OPEN at the loudest one, at 25 frames per second.

    Example:
        >>> mouth_openings(np.repeat([0.0, 0.5, 0.0], 16000))[[5, 37, 70]]
        array([-4.5,  3. , -4.5])
    """
    loudness = gaussian_filter1d(loudness_envelope(speech, SAMPLE_RATE, FPS).astype(float), SYLLABLE_SMOOTHING_S * FPS)
    quiet, loud = loudness.min(), loudness.max()
    return CLOSED + (OPEN - CLOSED) * np.sqrt((loudness - quiet) / (loud - quiet))


def _sway(seconds: float) -> tuple[float, float]:
    """(right, down) displacement of the head in pixels: slow, and never twice the same."""
    return SWAY * np.sin(2 * np.pi * 0.31 * seconds), 0.6 * SWAY * np.sin(2 * np.pi * 0.47 * seconds)


def _landmarks(photo: Image.Image) -> np.ndarray:
    """[468, 2] (x, y) of the face mesh, in the photograph's pixels."""
    left, top = (centre - FACE_SIDE / 2 for centre in FACE_CENTRE)
    box = (left, top, left + FACE_SIDE, top + FACE_SIDE)
    crop = photo.resize((192, 192), Image.Resampling.BICUBIC, box=box)
    frames = jnp.asarray(np.asarray(crop), jnp.float32)[None] / 255
    landmarks, _ = jax.jit(lambda mesh, frames: mesh(frames))(load_encoder("face_mesh"), frames)
    return np.asarray(landmarks[0, :, :2]) * FACE_SIDE / 192 + np.array([left, top])


def _write(path: Path, frames: np.ndarray, sound: np.ndarray) -> None:
    write_video(path, frames, FPS, crf=NEARLY_LOSSLESS, preset="fast", audio=sound, sample_rate=SAMPLE_RATE)
