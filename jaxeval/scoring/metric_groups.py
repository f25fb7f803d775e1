"""Every score of a pair of clips: one family of metrics after the other, or the reason why there is none."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from jaxeval.protocol import Protocol
from jaxeval.scoring.aligned_scores import Scored, missing
from jaxeval.scoring.face import (
    IDENTITY,
    LANDMARKS,
    MOTION,
    Motion,
    identity_scores,
    landmark_scores,
    mesh_motion,
    motion_scores,
)
from jaxeval.scoring.ingest import Clip, encoded
from jaxeval.scoring.lags import lag_flags
from jaxeval.scoring.lips import envelope_scores, lips_names, sync_net_scores
from jaxeval.scoring.lpips_costs import FeatureBlocks
from jaxeval.scoring.networks import Networks
from jaxeval.scoring.picture import image_scores, perceptual_names, perceptual_scores
from jaxeval.scoring.sound import Sound
from jaxeval.scoring.timing import fault_flags, timing_scores

Progress = Callable[[float], None]


@dataclass
class Families:
    """The metrics of one protocol.

    Attributes:
        protocol: the protocol.
        networks: its encoders.
        blocks: perceptual features of clips, kept from one pair to the next; None until the first pair.
    """

    protocol: Protocol
    networks: Networks
    blocks: FeatureBlocks | None = None

    def scores(self, x: Clip, y: Clip, sound: Sound, faceless: str | None, progress: Progress) -> Scored:
        """All scores.

        Args:
            x: the generated clip.
            y: the reference.
            sound: the pair's.
            faceless: why scores of faces are missing, if one clip has none.
            progress: called with the share of the work that is done, in [0, 1].

        Returns:
            Numbers, and reasons for those that are missing.
        """
        scored = image_scores(x.seen.crops, y.seen.crops) | self._perceptual(x, y, progress)
        scored |= timing_scores(self.protocol, scored)
        scored |= Scored(flags=fault_flags(self.protocol, x, y, scored))
        unseen = faceless or next((gap for clip in (y, x) if (gap := self._gap(clip))), None)
        if unseen or x.seen.face is None or y.seen.face is None:
            names = (*IDENTITY, *MOTION, *LANDMARKS, *lips_names(self.protocol))
            return scored | missing(names, unseen or "")
        scored |= self._identity(x, y) | self._movement(x, y)
        return scored | Scored(flags=lag_flags(self.protocol, scored)) | self._lips(x, sound)

    def _perceptual(self, x: Clip, y: Clip, progress: Progress) -> Scored:
        if reason := self.networks.missing("perceptual"):
            return missing(perceptual_names(self.protocol.perceptual), reason)
        if self.blocks is None:
            self.blocks = FeatureBlocks(self.networks.get("perceptual"))
        a, b = ((f"{clip.role} {clip.video.path} {clip.window}", clip.seen.crops) for clip in (x, y))
        scored = perceptual_scores(self.blocks, self.protocol, a, b, progress)
        self.blocks.drop(a[0])
        return scored

    def _identity(self, x: Clip, y: Clip) -> Scored:
        if reason := self.networks.missing("identity"):
            return missing(IDENTITY, reason)
        return identity_scores(self.protocol, _face(x).identity, _face(y).identity)

    def _movement(self, x: Clip, y: Clip) -> Scored:
        """Pose, expression and landmarks, all in pixels of the reference."""
        a, b = _face(x).landmarks, _face(y).landmarks
        motion = mesh_motion(self.networks.get("landmarks"), a, b)
        scored = landmark_scores(self.protocol, a, b, motion[0][1])
        if reason := self.networks.missing("motion"):
            return scored | missing(MOTION, reason)
        encoder = self.networks.get("motion")
        if encoder.name != "face_mesh":
            motion = _motion(encoder, x), _motion(encoder, y)
        return scored | motion_scores(self.protocol, *motion)

    def _lips(self, x: Clip, sound: Sound) -> Scored:
        names = lips_names(self.protocol)
        if sound.samples is None:
            return missing(names, f"no sound: {sound.reason}")
        if self.protocol.lips == "lip_envelope":
            return envelope_scores(self.protocol, _face(x).landmarks, sound)
        if reason := self.networks.missing("sync"):
            return missing(names, reason)
        assert x.path is not None
        video, boxes = x.placement.proportioned(x.video, x.path.track.boxes)
        return sync_net_scores(self.protocol, self.networks.get("sync"), video, boxes, sound.samples)

    def _gap(self, clip: Clip) -> str | None:
        """Why a clip's face can't be followed, if it can't."""
        assert clip.path is not None
        track, limit = clip.path.track, round(self.protocol.longest_gap * self.protocol.fps)
        if track.longest_gap <= limit:
            return None
        return (
            f"no face in {track.longest_gap} consecutive frames of the {clip.role} clip {clip.name}, "
            f"more than the {limit} that are interpolated"
        )


def _face(clip: Clip) -> Any:
    assert clip.seen.face is not None
    return clip.seen.face


def _motion(encoder: Any, clip: Clip) -> Motion:
    """Pose and expression by a network that looks at the window."""
    found = encoded(encoder, clip.seen.crops)
    return found.pose, found.expression
