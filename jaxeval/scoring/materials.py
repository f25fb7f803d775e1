"""What the metrics of a pair are computed of: networks' outputs of both clips, and the trajectories made of them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import jax
import numpy as np

from jaxeval.protocol import Protocol
from jaxeval.results.metric import Metric
from jaxeval.results.selection import Selection
from jaxeval.scoring.aligned_scores import padded
from jaxeval.scoring.clip import FRAMES_OF_A_SHORT_CLIP, Clip
from jaxeval.scoring.lips import sync_net_lips
from jaxeval.scoring.lpips_costs import FeatureBlocks, OwnCosts, PerceptualCosts, lpips_costs
from jaxeval.scoring.networks import FINDERS, Lacking, Networks
from jaxeval.scoring.plan import BLOCKS, REACH, padded_rows, traced_lengths
from jaxeval.scoring.portrait import Portrait
from jaxeval.scoring.sound import SAMPLE_RATE, Sound
from jaxeval.scoring.step import Rows
from jaxeval.scoring.trajectories import MAKERS, Face, Raw, Samples, pair_trajectories

OF_A_FACE = ("identity", "motion", "landmarks", "sync")
"""Roles of the encoders that look at a face."""
NO_REFERENCE = "no reference was given"
"""Why a score is missing that holds a clip against its reference."""

_OF_MOTION = ("pose", "expression", "change of expression", "angles")
_WITH_SOUND = {"lips and sound", "lips and voice"}
_BLOCK = 8


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
        own_sound: the reference's.
        portrait: of the person, for a clip without a reference.
        blocks: perceptual features by encoder, kept from one pair to the next.
        gammas: multiples of γ at which each `_div` is computed too.
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
    own_sound: Sound = field(default_factory=lambda: Sound(None, "it has none"))
    portrait: Portrait | None = None
    gammas: Sequence[float] = ()
    _made: dict[str, Rows] = field(default_factory=dict)
    _perceptual: dict[str, PerceptualCosts] = field(default_factory=dict)

    @property
    def alone(self) -> bool:
        """Whether there is no reference: then the clip itself stands in its place."""
        return self.y is self.x

    def check(self, metric: Metric) -> None:
        """See that there is all that a metric is computed of.

        Raises:
            Lacking: a clip has none of it, or the encoder's weights are missing.
        """
        if metric.of_sound and self.sound.samples is None:
            raise Lacking(f"no sound: {self.sound.reason}")
        if metric.role not in ("", *FINDERS):
            self.encoder(metric)
        if metric.role in OF_A_FACE:
            faceless = next((clip for clip in (self.y, self.x) if clip.seen.face is None), None)
            if faceless:
                raise Lacking(f"no face in {faceless.name}")
        clips = (self.x, self.y)[: 2 if metric.reference or metric.both else 1]
        if metric.per == "clip" and min(clip.frames for clip in clips) < metric.least:
            raise Lacking(f"fewer than {metric.least} frames")
        needed = {"i3d features": FRAMES_OF_A_SHORT_CLIP}.get(metric.of, 0)
        short = next((clip for clip in (self.y, self.x) if clip.frames < needed), None)
        if short:
            raise Lacking(f"fewer than {needed} frames in {short.name}")

    def trajectory(self, name: str, metrics: Sequence[Metric]) -> Rows:
        """What metrics are computed of; all that these metrics need is made at once, by one compiled program.

        Args:
            name: of the trajectory, see `jaxeval.results.metric.ROLES`.
            metrics: all that will ask for one, which have passed `check`.
        """
        if name not in self._made:
            mine = next((metric for metric in metrics if metric.of == name), None)
            self._made |= {name: _APART[name](self, mine)} if name in _APART else self._derived(metrics)
        return self._made[name]

    def rows(self, metric: Metric) -> tuple[np.ndarray, np.ndarray]:
        """What a metric of a set is computed of: the valid rows of both clips.

        Raises:
            Lacking: as `check`.
        """
        self.check(metric)
        x, y, lengths = jax.device_get(self.trajectory(metric.of, [metric]))
        return x[: lengths[0]], y[: lengths[1]]

    def check_voice(self, metrics: Sequence[Metric]) -> None:
        """See that there is sound beside enough of the picture.

        Raises:
            Lacking: it is too short, or silent.
        """
        rows = jax.device_get(self.trajectory("lips and voice", metrics))
        count = int(rows.lengths[0])
        if count <= 2 * REACH:
            raise Lacking(f"too short for offsets of ±{REACH} frames: {count} have both picture and sound")
        if not np.any(rows.y):
            raise Lacking("the sound is silent")

    def _derived(self, metrics: Sequence[Metric]) -> dict[str, Rows]:
        sets = [metric for metric in self.selection.metrics if metric.per == "set" and self._has(metric)]
        of = {metric.of for metric in (*metrics, *sets)}
        names = {name for each in of for name in _NAMES.get(each, (each,)) if name in MAKERS}
        there = tuple(sorted(names))
        return pair_trajectories(self._raw(there), there, self.protocol.fps)

    def _has(self, metric: Metric) -> bool:
        try:
            self.check(metric)
        except Lacking:
            return False
        return True

    def perceptual(self, metric: Metric) -> PerceptualCosts:
        """All that one pass of a perceptual encoder over both clips gives; the reference's part is kept with it."""
        name, encoder = self.selection.known.encoder(metric), self.encoder(metric)
        if name in self._perceptual:
            return self._perceptual[name]
        blocks = self.blocks.setdefault(name, FeatureBlocks(encoder))
        x, y = ((f"{clip.role} {clip.number}", clip.seen.crops) for clip in (self.x, self.y))
        band, selection = self.protocol.band_frames, self.selection
        aligns = any(selection.aligns(other) for other in selection.metrics if selection.known.encoder(other) == name)
        of = {"encoder": name, "window": vars(self.y.window), "band": band, "aligned": aligns}
        kept = self.y.shelf.find("costs", of)
        known = None if kept is None else OwnCosts(**kept)
        how: dict[str, Any] = {"band": band, "framewise_only": not aligns, "known": known}
        found = self._perceptual[name] = lpips_costs(blocks, x, y, self.progress, **how)
        blocks.drop(x[0])
        if known is None:
            self.y.shelf.keep("costs", of, OwnCosts(found.costs.yy, found.steps[1])._asdict())
        return found

    def encoder(self, metric: Metric) -> Any:
        """The network that a metric needs.

        Raises:
            Lacking: the protocol names none, or its weights are missing.
        """
        name = self.selection.known.encoder(metric)
        if not name:
            raise Lacking(f"{self.protocol.name} names no encoder for {metric.role}")
        return self.networks.needed(name)

    def _raw(self, names: tuple[str, ...]) -> Raw:
        """What the trajectories of these names are made of."""
        moving = not set(_OF_MOTION).isdisjoint(names)
        motion = self.networks.get("motion") if moving else None
        by_mesh = motion is not None and motion.name == "face_mesh"
        x, y = (self._of_clip(clip, names, None if by_mesh else motion) for clip in (self.x, self.y))
        if self.portrait is not None and self.portrait.embedding is not None and "embeddings" in y:
            y["embeddings"] = np.tile(self.portrait.embedding, (len(y["embeddings"]), 1))
        lengths = traced_lengths(self.x.frames, self.y.frames)
        face = None
        if by_mesh or "mesh expression" in names:
            mesh = self.networks.get("landmarks")
            face = Face(mesh.canonical[...], mesh.procrustes_weights[...])
        voiced = not _WITH_SOUND.isdisjoint(names)
        sounds = (_samples(sound) if voiced else None for sound in (self.sound, self.own_sound))
        return Raw(x, y, lengths, face, *sounds)

    def _of_clip(self, clip: Clip, names: tuple[str, ...], motion: Any) -> dict[str, np.ndarray]:
        found, face = {}, clip.seen.face
        assert face is not None
        if set(names) - {"embeddings", "eyes"} - (set(_OF_MOTION) if motion else set()):
            found["landmarks"] = padded(face.landmarks)
        if "eyes" in names:
            found["eyes"] = padded(face.eyes)
        if "embeddings" in names and (embeddings := clip.embeddings) is not None:
            found["embeddings"] = padded(embeddings)
        if motion:
            pose, expression = clip.encoded(motion)
            found |= {"pose": padded(pose), "expression": padded(expression)}
        return found


def _samples(sound: Sound) -> Samples | None:
    """The sound, up to whole seconds, so that clips of like length share one program; None without any."""
    if sound.samples is None:
        return None
    samples = sound.samples[sound.late :]
    filled = np.pad(samples, (0, max(1, -len(samples) % SAMPLE_RATE))).astype(np.float32)
    return Samples(filled, np.int32(max(len(samples), 1)), np.float32(sound.late / SAMPLE_RATE))


def _frame_features(materials: Materials, metric: Metric) -> Rows:
    encoder = materials.encoder(metric)
    return padded_rows(materials.x.encoded(encoder), materials.y.encoded(encoder))


def _clip_features(materials: Materials, metric: Metric) -> Rows:
    encoder = materials.encoder(metric)
    return padded_rows(materials.x.short_clips(encoder), materials.y.short_clips(encoder))


def _speech(materials: Materials, metric: Metric) -> Rows:
    encoder, x = materials.encoder(metric), materials.x
    assert x.path is not None
    assert materials.sound.samples is not None
    video, boxes = x.placement.proportioned(x.video, x.path.track.boxes)
    return padded_rows(*sync_net_lips(materials.protocol, encoder, video, boxes, materials.sound.samples))


def grey_blocks(crops: np.ndarray) -> np.ndarray:
    """`[T, H, W, 3]` uint8 to `[T, (H / 8)(W / 8)]` mean grey levels in [0, 1]."""
    count, height, width, _ = crops.shape
    rows, columns = height // _BLOCK, width // _BLOCK
    parts = crops[:, : rows * _BLOCK, : columns * _BLOCK].reshape(count, rows, _BLOCK, columns, _BLOCK * 3)
    return (parts.mean(axis=(2, 4), dtype=np.float32) / 255).reshape(count, -1)


_NAMES: Mapping[str, tuple[str, ...]] = {"lips and voice": ("lips and sound", "lips and voice")}

_APART: Mapping[str, Callable[[Materials, Any], Rows]] = {
    BLOCKS: lambda materials, metric: padded_rows(*map(grey_blocks, (materials.x.seen.crops, materials.y.seen.crops))),
    "steps": lambda materials, metric: padded_rows(*materials.perceptual(metric).steps),
    "lips and speech": _speech,
    "inception features": _frame_features,
    "i3d features": _clip_features,
}
"""Trajectories that networks give, or that come with the perceptual costs."""
