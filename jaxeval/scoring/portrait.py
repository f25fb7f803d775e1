"""A picture of the person whom a clip without a reference should show."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from jaxeval.media.geometry import HERE
from jaxeval.media.picture import Picture
from jaxeval.protocol import Protocol
from jaxeval.scoring.ingest import embedded, face_path, looks, reference_window
from jaxeval.scoring.networks import Networks
from jaxeval.scoring.people import alone_flags, main_face, reason_for
from jaxeval.scoring.scan import scan


@dataclass(frozen=True)
class Portrait:
    """A picture with its face.

    Attributes:
        name: of the file, without its folder.
        embedding: `[D]` of the face's identity; None without a face, or without the network's weights.
        crop: `[size, size, 3]` uint8 the face; all of the picture without one.
        reason: why there is no face; "" if there is one.
        flags: what a reader must know of it, each "code: text".
    """

    name: str
    embedding: np.ndarray | None
    crop: np.ndarray
    reason: str = ""
    flags: tuple[str, ...] = ()


def read_portrait(path: Path, networks: Networks, protocol: Protocol) -> Portrait:
    """The main face of a picture.

    Args:
        path: the file.
        networks: the encoders.
        protocol: for the crop.

    Raises:
        JaxevalError: the file can't be read.
    """
    picture = Picture(path)
    found = scan(networks, picture, protocol)
    index = main_face(found)
    face = face_path(networks, picture, found.tracks[index]) if found.faces else None
    frame = next(picture.chunks(1))
    crop = reference_window(picture, face, protocol).cut(frame[0], protocol.size)
    if face is None:
        return Portrait(path.name, None, crop, f"no face found in the portrait {path.name}")
    flags = tuple(alone_flags("portrait", found, index, reason_for(None)))
    if networks.missing("identity"):
        return Portrait(path.name, None, crop, flags=flags)
    mesh = next(mesh for _, _, mesh in looks(networks, picture, face.squares, HERE))
    return Portrait(path.name, embedded(networks, frame, mesh.landmarks, HERE)[0], crop, flags=flags)
