"""What the metrics of a pair are computed of: each part is made when it is first asked for, and only once."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from jaxeval.alignment import distances
from jaxeval.metrics.blink_rate import openness_of
from jaxeval.protocol import Protocol
from jaxeval.results.metric import Metric
from jaxeval.results.selection import Selection
from jaxeval.scoring.aligned_scores import Costs, padded, trajectory_costs
from jaxeval.scoring.face import Motion, mesh_motion
from jaxeval.scoring.ingest import Clip, FaceTrajectories, encoded, encoded_clips
from jaxeval.scoring.lips import Lips, envelope_lips, sync_net_lips
from jaxeval.scoring.lpips_costs import FeatureBlocks, PerceptualCosts, lpips_costs
from jaxeval.scoring.networks import Lacking, Networks
from jaxeval.scoring.sound import Sound

Rows = tuple[np.ndarray, np.ndarray]
"""Something of the generated clip, and the same of the reference."""

FRAMES_OF_A_CLIP = 16
"""Of the short clips that a network of clips looks at."""


@dataclass
class Materials:
    """One pair.

    Attributes:
        protocol: the protocol.
        selection: the scores that are asked for.
        networks: the encoders.
        x: the generated clip.
        y: the reference.
        sound: the pair's.
        blocks: perceptual features by encoder, kept from one pair to the next.
        progress: called with the share of the work that is done, in [0, 1].
    """

    protocol: Protocol
    selection: Selection
    networks: Networks
    x: Clip
    y: Clip
    sound: Sound
    blocks: dict[str, FeatureBlocks]
    progress: Callable[[float], None] = lambda done: None
    _made: dict[Any, Any] = field(default_factory=dict)

    def rows(self, metric: Metric) -> Rows:
        """What a metric is computed of.

        Raises:
            Lacking: a clip has none of it, or the encoder's weights are missing.
        """
        return _MAKERS[metric.of](self, metric)

    def costs(self, metric: Metric) -> Costs:
        """The costs of an aligned metric.

        Raises:
            Lacking: as `rows`.
        """
        if metric.role == "perceptual":
            return self.perceptual(metric).costs
        return self._once(
            ("costs", metric.name), lambda: trajectory_costs(getattr(distances, metric.distance), *self.rows(metric))
        )

    def perceptual(self, metric: Metric) -> PerceptualCosts:
        """All that one pass of a perceptual encoder over both clips gives."""
        name, encoder = self.selection.known.encoder(metric), self.encoder(metric)
        blocks = self.blocks.setdefault(name, FeatureBlocks(encoder))
        x, y = ((f"{clip.role} {clip.video.path} {clip.window}", clip.seen.crops) for clip in (self.x, self.y))
        band, selection = self.protocol.band_frames, self.selection
        aligns = any(selection.aligns(other) for other in selection.metrics if selection.known.encoder(other) == name)

        def computed() -> PerceptualCosts:
            found = lpips_costs(blocks, x, y, self.progress, band=band, framewise_only=not aligns)
            blocks.drop(x[0])
            return found

        return self._once(("perceptual", name), computed)

    def lips(self, metric: Metric) -> Lips:
        """Lips and sound, and the numbers that are read off them directly."""
        if self.sound.samples is None:
            raise Lacking(f"no sound: {self.sound.reason}")
        return self._once(("lips", metric.name), lambda: _LIPS[metric.name](self, metric))

    def encoder(self, metric: Metric) -> Any:
        """The network that a metric needs.

        Raises:
            Lacking: the protocol names none, or its weights are missing.
        """
        name = self.selection.known.encoder(metric)
        if not name:
            raise Lacking(f"{self.protocol.name} names no encoder for {metric.role}")
        return self.networks.needed(name)

    def faces(self, part: Callable[[FaceTrajectories], np.ndarray | None]) -> Rows:
        """Something of both faces.

        Raises:
            Lacking: a clip has no face.
        """
        y, x = (self._face(clip, part) for clip in (self.y, self.x))
        return x, y

    def _face(self, clip: Clip, part: Callable[[FaceTrajectories], np.ndarray | None]) -> np.ndarray:
        found = None if clip.seen.face is None else part(clip.seen.face)
        if found is None:
            raise Lacking(f"no face in {clip.name}")
        return found

    @cached_property
    def mesh_motion(self) -> tuple[Motion, Motion]:
        """Pose and expression of both clips by the face mesh."""
        return mesh_motion(self.networks.get("landmarks"), *self.faces(lambda face: face.landmarks))

    def motion(self, metric: Metric) -> tuple[Motion, Motion]:
        """Pose and expression of both clips by the protocol's network."""
        encoder = self.encoder(metric)
        if encoder.name == "face_mesh":
            return self.mesh_motion
        self.faces(lambda face: face.landmarks)
        x, y = self._once(("motion", encoder.name), lambda: self._each(lambda clip: encoded(encoder, clip.seen.crops)))
        return (x.pose, x.expression), (y.pose, y.expression)

    def _each(self, function: Callable[[Clip], Any]) -> tuple[Any, Any]:
        return function(self.x), function(self.y)

    def _once(self, key: Any, make: Callable[[], Any]) -> Any:
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]


def _embeddings(materials: Materials, metric: Metric) -> Rows:
    materials.encoder(metric)
    return materials.faces(lambda face: face.identity)


def _motion(part: int) -> Callable[[Materials, Metric], Rows]:
    def rows(materials: Materials, metric: Metric) -> Rows:
        x, y = materials.motion(metric)
        return x[part], y[part]

    return rows


def _change_of_expression(materials: Materials, metric: Metric) -> Rows:
    """Less the reference's mean: the shape of a face at rest differs from person to person, more than it moves."""
    x, y = _motion(1)(materials, metric)
    rest = y.mean(axis=0, keepdims=True, dtype=np.float64).astype(y.dtype)
    return x - rest, y - rest


def _angles(materials: Materials, metric: Metric) -> Rows:
    """Pitch, yaw and roll in degrees; a mesh's pose begins with them in radians."""
    x, y = (pose[:, :3] for pose, _ in materials.motion(metric))
    return (np.rad2deg(x), np.rad2deg(y)) if materials.encoder(metric).name == "face_mesh" else (x, y)


def _openness(*eyes: np.ndarray) -> Rows:
    opened = jax.jit(openness_of)
    x, y = (np.asarray(opened(padded(part), length=jnp.int32(len(part))))[: len(part)] for part in eyes)
    return x, y


def _frame_features(materials: Materials, metric: Metric) -> Rows:
    encoder = materials.encoder(metric)
    return materials._each(lambda clip: encoded(encoder, clip.seen.crops))


def _clip_features(materials: Materials, metric: Metric) -> Rows:
    encoder = materials.encoder(metric)
    for clip in (materials.y, materials.x):
        if clip.frames < FRAMES_OF_A_CLIP:
            raise Lacking(f"fewer than {FRAMES_OF_A_CLIP} frames in {clip.name}")
    return materials._each(lambda clip: encoded_clips(encoder, clip.seen.crops, FRAMES_OF_A_CLIP))


def _envelope(materials: Materials, metric: Metric) -> Lips:
    face = materials.x.seen.face
    assert face is not None
    return envelope_lips(materials.protocol, face.landmarks, materials.sound)


def _sync_net(materials: Materials, metric: Metric) -> Lips:
    encoder, x = materials.encoder(metric), materials.x
    assert x.path is not None
    assert materials.sound.samples is not None
    video, boxes = x.placement.proportioned(x.video, x.path.track.boxes)
    return sync_net_lips(materials.protocol, encoder, video, boxes, materials.sound.samples)


_LIPS: Mapping[str, Callable[[Materials, Metric], Lips]] = {"lip_envelope": _envelope, "sync": _sync_net}

_MAKERS: Mapping[str, Callable[[Materials, Metric], Rows]] = {
    "pictures": lambda materials, metric: (materials.x.seen.crops, materials.y.seen.crops),
    "steps": lambda materials, metric: materials.perceptual(metric).steps,
    "embeddings": _embeddings,
    "angles": _angles,
    "eyes": lambda materials, metric: _openness(*materials.faces(lambda face: face.eyes)),
    "pose": _motion(0),
    "expression": _motion(1),
    "change of expression": _change_of_expression,
    "landmarks": lambda materials, metric: materials.faces(lambda face: face.landmarks),
    "points": lambda materials, metric: materials.faces(lambda face: face.landmarks[..., :2]),
    "mesh expression": lambda materials, metric: (materials.mesh_motion[0][1], materials.mesh_motion[1][1]),
    "lips and voice": lambda materials, metric: materials.lips(metric).rows,
    "lips and speech": lambda materials, metric: materials.lips(metric).rows,
    "inception features": _frame_features,
    "i3d features": _clip_features,
}
