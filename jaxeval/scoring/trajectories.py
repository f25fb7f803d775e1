"""From landmarks, networks' outputs and sound of a pair to the trajectories of its metrics: pure, on padded arrays."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from jaxeval.alignment.checks import Lengths
from jaxeval.checkpoints.lip_projection import lip_projection
from jaxeval.metrics.blink_rate import openness_of
from jaxeval.metrics.lip_sync import standardized_variates
from jaxeval.metrics.lip_variates import lip_variates, voice_variates
from jaxeval.metrics.motion import expression_trajectory, fit_mesh, pose_frame, pose_trajectory
from jaxeval.scoring.step import Rows


class Samples(NamedTuple):
    """A clip's sound, padded.

    Attributes:
        values: `[N]` mono in [-1, 1] at 16 kHz.
        length: how many of them count, at least 1.
        start: seconds from the first picture to the first of them.
    """

    values: Any
    length: Any
    start: Any


class Face(NamedTuple):
    """The face mesh at rest, which poses and expressions are measured against."""

    canonical: jax.Array
    weights: jax.Array


class Raw(NamedTuple):
    """A pair.

    Attributes:
        x: of the generated clip, by name: "landmarks" `[T, 468, 3]`, "eyes" `[T, 2, 384]`, "embeddings" `[T, D]`, and
            "pose" and "expression" by a network of their own; those that are there.
        y: of the reference.
        lengths: (t, s), numbers of valid leading rows.
        face: the mesh at rest.
        sound: the pair's; None without any.
        own_sound: the reference's; None without any.
    """

    x: Mapping[str, Any]
    y: Mapping[str, Any]
    lengths: Lengths
    face: Face | None = None
    sound: Samples | None = None
    own_sound: Samples | None = None


@partial(jax.jit, static_argnames=("names", "fps"))
def pair_trajectories(raw: Raw, names: tuple[str, ...], fps: float) -> dict[str, Rows]:
    """What metrics are computed of.

    It is a program of its own: compiled together with a difference of both clips, the same numbers of identical clips
    could be rounded differently.

    Args:
        raw: the pair.
        names: of the trajectories, see `jaxeval.results.metric.ROLES`.
        fps: frames per second.

    Returns:
        Name to trajectory.
    """
    return {name: MAKERS[name](raw, fps) for name in names}


def _given(name: str, part: Any = slice(None)) -> Callable[[Raw, float], Rows]:
    return lambda raw, fps: Rows(raw.x[name][part], raw.y[name][part], raw.lengths)


def _mesh_motion(raw: Raw) -> tuple[Rows, Rows]:
    """Pose, in the reference's unit, and expression by the face mesh."""
    assert raw.face is not None
    sides = raw.x["landmarks"], raw.y["landmarks"]
    fits = [fit_mesh(points, *raw.face) for points in sides]
    unit = pose_frame(fits[1], raw.face.canonical, length=jnp.asarray(raw.lengths[1]))
    x, y = (pose_trajectory(fit, unit) for fit in fits)
    u, v = (expression_trajectory(p, raw.face.canonical, fit) for p, fit in zip(sides, fits, strict=True))
    return Rows(x, y, raw.lengths), Rows(u, v, raw.lengths)


def _motion(raw: Raw) -> tuple[Rows, Rows]:
    """The same by the protocol's network."""
    if "pose" not in raw.x:
        return _mesh_motion(raw)
    return tuple(Rows(raw.x[name], raw.y[name], raw.lengths) for name in ("pose", "expression"))  # type: ignore[return-value]


def _change_of_expression(raw: Raw, fps: float) -> Rows:
    """Less the reference's mean: the shape of a face at rest differs from person to person, more than it moves."""
    x, y, lengths = _motion(raw)[1]
    count = jnp.asarray(raw.lengths[1])
    valid = jnp.arange(len(y)) < count
    rest = jnp.sum(jnp.where(valid[:, None], y, 0), axis=0) / count.astype(y.dtype)
    return Rows(x - rest[None], y - rest[None], lengths)


def _angles(raw: Raw, fps: float) -> Rows:
    """Pitch, yaw and roll in degrees; a mesh's pose begins with them in radians."""
    pose = _motion(raw)[0]
    unit = 1.0 if "pose" in raw.x else 180 / jnp.pi
    return Rows(pose.x[:, :3] * unit, pose.y[:, :3] * unit, raw.lengths)


def _openness(raw: Raw, fps: float) -> Rows:
    t, s = raw.lengths
    return Rows(openness_of(raw.x["eyes"], length=t), openness_of(raw.y["eyes"], length=s), raw.lengths)


class LipsAndSound(NamedTuple):
    """One clip's mouth and voice.

    Attributes:
        lips: `[T, K]` canonical variates of the mouth.
        voice: `[T, K]` of the voice.
        heard: `[T]` whether a frame has sound.
    """

    lips: jax.Array
    voice: jax.Array
    heard: jax.Array


def _lips_and_sound(raw: Raw, fps: float) -> Rows:
    """Of the generated clip with the pair's sound; of the reference with its own, None if it has none."""
    x, y = (
        sound and _heard(side["landmarks"], length, sound)
        for side, length, sound in zip((raw.x, raw.y), raw.lengths, (raw.sound, raw.own_sound), strict=True)
    )
    return Rows(x, y, raw.lengths)


def _heard(landmarks: jax.Array, frames: Any, sound: Samples) -> LipsAndSound:
    projection, count = lip_projection(), jnp.asarray(frames)
    values, length, start = sound
    voice = voice_variates(values, projection, count=len(landmarks), start=start, length=length, pictures=count)
    return LipsAndSound(lip_variates(landmarks, projection, length=count), voice.values, voice.mask)


def _lips_and_voice(raw: Raw, fps: float) -> Rows:
    """The generated clip's, standardized, in the frames that have both: one stretch, which is moved to the front."""
    assert raw.sound is not None
    lips, voice, heard = _heard(raw.x["landmarks"], raw.lengths[0], raw.sound)
    weights, seen = lip_projection().weights, jnp.arange(len(lips)) < jnp.asarray(raw.lengths[0])
    x, y = standardized_variates(lips, weights, valid=seen), standardized_variates(voice, weights, valid=heard)
    count, front = jnp.sum(heard, dtype=jnp.int32), -jnp.argmax(heard)
    return Rows(jnp.roll(x, front, axis=0), jnp.roll(y, front, axis=0), (count, count))


MAKERS: Mapping[str, Callable[[Raw, float], Rows]] = {
    "embeddings": _given("embeddings"),
    "pose": lambda raw, fps: _motion(raw)[0],
    "expression": lambda raw, fps: _motion(raw)[1],
    "change of expression": _change_of_expression,
    "angles": _angles,
    "eyes": _openness,
    "landmarks": _given("landmarks"),
    "points": _given("landmarks", (..., slice(2))),
    "mesh expression": lambda raw, fps: _mesh_motion(raw)[1],
    "lips and sound": _lips_and_sound,
    "lips and voice": _lips_and_voice,
}
