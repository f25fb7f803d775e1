"""One clip as scoring holds it: what the metrics look at, and what networks have made of it so far."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np

from jaxeval.media.crops import Window
from jaxeval.media.geometry import HERE, Placement
from jaxeval.media.video import Video
from jaxeval.scoring.ingest import FacePath, Trajectories, encode, encoded
from jaxeval.scoring.networks import Networks
from jaxeval.scoring.shelf import Shelf

FRAMES_OF_A_SHORT_CLIP = 16
"""What a network of clips looks at."""


@dataclass(frozen=True)
class Clip:
    """One video with its face and what the metrics look at.

    What a network makes of it is kept with it, so that a reference is encoded once however many clips are held
    against it.

    Attributes:
        role: "generated" or "reference".
        video: the file.
        path: where its face is; None if it has none.
        window: what image and perceptual scores look at, in pixels of the reference.
        seen: all that the metrics need.
        networks: the encoders.
        placement: how the clip's picture lies in the reference's.
        shelf: what is small and was made of it.
        number: no other clip of the process has it, though it be of the same file.
    """

    role: str
    video: Video
    path: FacePath | None
    window: Window
    seen: Trajectories
    networks: Networks
    placement: Placement = HERE
    shelf: Shelf = field(default_factory=Shelf)
    number: int = field(default_factory=count().__next__, compare=False)
    _made: dict[str, Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def frames(self) -> int:
        """How many there are at the protocol's fps."""
        return len(self.seen.crops)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.video.width, self.video.height

    @property
    def name(self) -> str:
        """Of the file, without its folder."""
        return Path(self.video.path).name

    @property
    def embeddings(self) -> np.ndarray | None:
        """`[T, D]` of the face's identity; None without a face, or without the network's weights."""
        face = self.seen.face
        if face is None or self.networks.missing("identity"):
            return None
        encoder = self.networks.get("identity")
        kept = self.shelf.find("identity", encoder.name)
        if kept is None:
            assert face.chips is not None
            kept = {"rows": encoded(encoder, face.chips)}
            self.shelf.keep("identity", encoder.name, kept)
        return kept["rows"]

    def without_chips(self) -> "Clip":
        """The same clip without the pictures that its embeddings are made of, which are made now."""
        if self.embeddings is None or self.seen.face is None:
            return self
        return replace(self, seen=replace(self.seen, face=replace(self.seen.face, chips=None)))

    def encoded(self, encoder: Any) -> Any:
        """A network's output on the crops, NumPy arrays `[T, ...]`.

        Args:
            encoder: of single frames.
        """
        return self._once(encoder.name, lambda: encoded(encoder, self.seen.crops))

    def short_clips(self, encoder: Any) -> np.ndarray:
        """A network's output `[⌊T / 16⌋, D]` on the crops, 16 frames after 16 frames; what is left over is left out.

        Args:
            encoder: of clips `[N, 16, H, W, 3]`.
        """
        count = self.frames // FRAMES_OF_A_SHORT_CLIP
        crops = self.seen.crops[: count * FRAMES_OF_A_SHORT_CLIP]
        clips = crops.reshape(count, 1, FRAMES_OF_A_SHORT_CLIP, *crops.shape[1:])
        return self._once(encoder.name, lambda: np.concatenate([np.asarray(encode(encoder, clip)) for clip in clips]))

    def _once(self, key: str, make: Callable[[], Any]) -> Any:
        if key not in self._made:
            self._made[key] = make()
        return self._made[key]
