"""MediaPipe's canonical face and the weights of its rigid fit, from a Protocol Buffers message."""

from collections import defaultdict

import numpy as np
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import DecodeError
from google.protobuf.unknown_fields import UnknownFieldSet

from jaxeval.errors import JaxevalError

_FIXED = {1: 8, 5: 4}
"""Wire types of numbers of a fixed width, and that in bytes."""

CANONICAL_MESH, PROCRUSTES_BASIS = 1, 2
VERTEX_BUFFER = 3
LANDMARK_ID, WEIGHT = 1, 2
"""Field numbers of the message GeometryPipelineMetadata and of the two inside it."""

VERTEX = 5
"""Numbers per vertex: x, y, z and two texture coordinates."""


def read_geometry(data: bytes) -> dict[str, np.ndarray]:
    """The canonical mesh and the Procrustes weights of a GeometryPipelineMetadata message.

    Args:
        data: the message in wire format.

    Returns:
        `canonical` `[N, 3]` float32 in centimetres, `procrustes_weights` `[N]` float32, 0 off the basis.

    Raises:
        JaxevalError: the bytes are no such message.
    """
    try:
        message = _fields(data)
        buffer = b"".join(_fields(message[CANONICAL_MESH][0])[VERTEX_BUFFER])
        canonical = np.frombuffer(buffer, "<f4").reshape(-1, VERTEX)[:, :3]
        weights = np.zeros(len(canonical), np.float32)
        for reference in map(_fields, message[PROCRUSTES_BASIS]):
            weights[reference[LANDMARK_ID][0]] = np.frombuffer(reference[WEIGHT][0], "<f4")[0]
    except (DecodeError, ValueError, IndexError, TypeError) as error:
        raise JaxevalError(f"Expected a GeometryPipelineMetadata message, found: {error}") from error
    return {"canonical": canonical, "procrustes_weights": weights}


def _fields(message: bytes) -> dict[int, list]:
    """Values by field number: integers for varints, bytes for all else."""
    fields: dict[int, list] = defaultdict(list)
    for field in UnknownFieldSet(Empty.FromString(message)):
        width = _FIXED.get(field.wire_type)
        fields[field.field_number].append(field.data.to_bytes(width, "little") if width else field.data)
    return fields
