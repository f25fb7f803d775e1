"""MediaPipe's canonical face and the weights of its rigid fit, from a Protocol Buffers message."""

from collections import defaultdict

import numpy as np

from jaxeval.errors import JaxevalError

_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5

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
    except (ValueError, IndexError, TypeError) as error:
        raise JaxevalError(f"Expected a GeometryPipelineMetadata message, found: {error}") from error
    return {"canonical": canonical, "procrustes_weights": weights}


def _fields(message: bytes) -> dict[int, list]:
    """Values by field number: integers for varints, bytes for all else."""
    fields: dict[int, list] = defaultdict(list)
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        value: int | bytes
        if tag & 7 == _VARINT:
            value, at = _varint(message, at)
        else:
            size, at = _size(tag & 7, message, at)
            value, at = message[at : at + size], at + size
        fields[tag >> 3].append(value)
    return fields


def _size(wire_type: int, message: bytes, at: int) -> tuple[int, int]:
    fixed = {_FIXED64: 8, _FIXED32: 4}
    if wire_type not in {_BYTES, *fixed}:
        raise ValueError(f"wire type {wire_type} at byte {at}")
    return (fixed[wire_type], at) if wire_type in fixed else _varint(message, at)


def _varint(message: bytes, at: int) -> tuple[int, int]:
    """Seven bits a byte, the lowest first; a byte's top bit says that another follows."""
    value, shift = 0, 0
    while True:
        byte = message[at]
        value, shift, at = value | (byte & 0x7F) << shift, shift + 7, at + 1
        if byte < 0x80:
            return value, at
