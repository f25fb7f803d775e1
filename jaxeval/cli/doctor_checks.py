"""What `jaxeval doctor` looks at: does this machine compute what it should?"""

import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from PIL import Image

from jaxeval.checkpoints import list_weights, load_encoder, verify_weights
from jaxeval.demo.clips import MATERIAL
from jaxeval.errors import JaxevalError, one_line, require_jax
from jaxeval.media.video import Video
from jaxeval.media.write import write_video
from jaxeval.metrics.perceptual import lpips

GOLDEN = Path(__file__).with_name("doctor.npz")
BAD_JAX = re.compile(r"0\.10\.2|0\.11\.[01]")
TOLERANCE = 1e-3  # relative; for a GPU's arithmetic too
SHIFTED = {
    "lpips_alex": 0.02110528,
    "lpips_vgg": 0.05734765,
    "st_lpips_alex": 0.0041789,
    "st_lpips_vgg": 0.01049865,
}
"""LPIPS and ST-LPIPS of the astronaut's face against itself one pixel to the right, by their authors' code."""


@dataclass(frozen=True)
class Check:
    """One line of the report.

    Attributes:
        what: was looked at.
        ok: whether it is as it should be; None if there was nothing to compare.
        found: in words.
    """

    what: str
    ok: bool | None
    found: str


def checks() -> Iterator[Check]:
    """All checks, one after the other; none raises.

    If JAX can't start on the platform that was asked for, the others are made on the CPU.

    Yields:
        `Check`.
    """
    wrong = _platform()
    yield _guarded("jax", _jax) if wrong is None else Check("jax", False, wrong)
    yield _guarded("arithmetic", _arithmetic)
    yield _guarded("devices", _devices)
    yield _guarded("decoder", _decoder)
    for row in verify_weights():
        if not row.available:
            yield Check(f"weights of {row.name}", None, "missing; `jaxeval weights list` shows where to get them")
        else:
            kind = "verified" if row.verified else "unverified"
            yield Check(f"weights of {row.name}", row.sound, kind if row.sound else str(row.reason))
    for row in list_weights():
        if row.available:
            yield _guarded(f"output of {row.name}", partial(golden, row.name))


def _platform() -> str | None:
    """Why JAX can't start as it is told to, if it can't; it is then told to start on the CPU."""
    try:
        require_jax()
    except JaxevalError as error:
        jax.config.update("jax_platforms", "cpu")
        return f"{error} The other checks run on the CPU."  # so that nothing else takes the blame
    return None


def _guarded(what: str, function: Callable[[], tuple[bool | None, str]]) -> Check:
    try:
        return Check(what, *function())
    except Exception as error:
        return Check(what, False, one_line(error))


def _jax() -> tuple[bool, str]:
    found = version("jax")
    if BAD_JAX.fullmatch(found):
        return False, f"{found}, which computes wrong numbers on CPU (jax#39103); install another version"
    return True, f"{found}, flax {version('flax')}"


def _arithmetic() -> tuple[bool, str]:
    rows = jnp.arange(32_769, dtype=jnp.float32)
    rows = jnp.stack([rows, jnp.zeros_like(rows), jnp.zeros_like(rows)], axis=1)
    found = jax.jit(jax.vmap(lambda row: jnp.sum(jnp.square(jnp.eye(3) @ row))))(rows)[-1]
    ok = float(found) == 32_768.0**2
    return ok, "a vmapped product and its sum are exact" if ok else f"expected {32_768.0**2:.0f}, found {found:.0f}"


def _devices() -> tuple[bool, str]:
    found = [f"{device.platform} {device.device_kind}" for device in jax.devices()]
    return True, ", ".join(f"{found.count(name)} × {name}" for name in dict.fromkeys(found))


def _decoder() -> tuple[bool, str]:
    frames = np.stack([np.full((64, 64, 3), level, np.uint8) for level in (40, 120, 200)])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "grey.mp4"
        encoder = write_video(path, frames, 25, crf=1)
        found = np.concatenate(list(Video(path).chunks(8)))
    ok = found.shape == frames.shape and int(np.abs(found.astype(int) - frames).max()) <= 2
    told = "three gray frames decoded correctly" if ok else "three gray frames decoded incorrectly"
    return ok, f"PyAV {version('av')}, {encoder}: {told}"


def golden(name: str) -> tuple[bool | None, str]:
    """One number of an encoder beside that of the original network.

    Args:
        name: the encoder's; its weights are there.

    Returns:
        Whether they agree, None if no number of the original is known; and in words.
    """
    if name in SHIFTED:
        photo = np.asarray(Image.open(MATERIAL / "astronaut.png").convert("RGB"), np.float32) / 255
        face = photo[None, :224, 112:336]
        distance = float(jax.jit(lpips)(load_encoder(name), face, np.roll(face, 1, axis=2))[0])
        return abs(distance / SHIFTED[name] - 1) < TOLERANCE, f"{distance:.6f}, expected {SHIFTED[name]:.6f}"
    stored = np.load(GOLDEN)
    if f"{name}.frames" not in stored:
        return None, "not compared: no output of the original network is stored"
    frames = jnp.asarray(stored[f"{name}.frames"] / np.float32(stored[f"{name}.scale"]), jnp.float32)
    found, expected = np.asarray(jax.jit(_READ[name])(load_encoder(name), frames)), stored[f"{name}.expected"]
    error = float(np.linalg.norm(found - expected) / np.linalg.norm(expected))
    return error < TOLERANCE, f"relative error {error:.1e} against the original network"


_READ: dict[str, Callable[[Any, jax.Array], jax.Array]] = {
    "dlib_resnet": lambda encoder, frames: encoder(frames),
    "face_mesh": lambda encoder, frames: encoder(frames).landmarks,
    "blaze_face": lambda encoder, frames: encoder.raw(frames)[1],
}
