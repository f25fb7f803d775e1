"""The first pass over a clip: its faces, its mean picture and its bars."""

from dataclasses import dataclass

import numpy as np

from jaxeval.errors import JaxevalError
from jaxeval.media.faces import Faces, detect_faces
from jaxeval.media.link import Linked, candidates, link
from jaxeval.media.picture import Frames
from jaxeval.media.still import Still, StillBuilder
from jaxeval.media.track import Track, track_of
from jaxeval.protocol import Protocol
from jaxeval.scoring.blocks import BLOCK
from jaxeval.scoring.networks import Networks


@dataclass(frozen=True)
class Scan:
    """What the first pass finds in a clip.

    Attributes:
        video: the file, or a picture as a clip of one frame.
        faces: those that might be meant, the main one first; empty if no frame has a face.
        still: its mean picture and bars.
    """

    video: Frames
    faces: list[Linked]
    still: Still

    @property
    def size(self) -> tuple[int, int]:
        """Width and height."""
        return self.video.width, self.video.height

    @property
    def tracks(self) -> list[Track]:
        """Of the faces."""
        return [track_of(face) for face in self.faces]

    @property
    def boxes(self) -> list[np.ndarray]:
        """`[4]` where each face is, by the median over the frames in which it was found."""
        return [np.median(face.boxes, axis=0) for face in self.faces]


def scan(networks: Networks, video: Frames, protocol: Protocol) -> Scan:
    """The first pass.

    Args:
        networks: the encoders.
        video: the clip.
        protocol: for the longest clip that it takes.

    Raises:
        JaxevalError: the clip is longer than that.
    """
    faces: list[Faces] = []
    builder = StillBuilder()
    for chunk in video.chunks(BLOCK):
        builder.add(chunk)
        faces += detect_faces(networks.get("detector"), chunk)
        if len(faces) > protocol.longest_clip * protocol.fps:
            limit = f"at most {protocol.longest_clip:g} s"
            raise JaxevalError(f"{video.path}: expected a clip of {limit}, found a longer one. Cut it into parts.")
    return Scan(video, candidates(link(faces)), builder.still())
