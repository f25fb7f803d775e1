"""The tensors of a network that dlib has serialised."""

import re

import numpy as np

from jaxeval.errors import JaxevalError

Arrays = dict[str, np.ndarray]

_LAYER = re.compile(rb"\x01[\x04-\x07](con_4|affine_|fc_2)")


def read_dlib(data: bytes) -> Arrays:
    """Convolutions, affine layers and fully connected layers in the order from input to output.

    A layer's record begins with its name, after which stands its parameter tensor: the version 2, four extents, then
    float32 values. A convolution goes on with its number of filters, their height and width; a fully connected layer
    has its numbers of outputs and inputs before the tensor. Integers are packed: a byte whose low four bits count the
    bytes that follow and whose top bit is the sign, then these, little-endian.

    Args:
        data: the whole file.

    Returns:
        `con.I.filters` `[out, in, h, w]` and `con.I.biases` `[out]` for the I-th convolution, `affine.I.gamma` and
        `affine.I.beta` `[C]`, `fc.I.weights` `[in, out]`.

    Raises:
        JaxevalError: a layer's record is cut short or is not what it should be.
    """
    arrays: Arrays = {}
    counts = {b"con_4": 0, b"affine_": 0, b"fc_2": 0}
    for match in _LAYER.finditer(data):
        kind = match[1]
        if data[match.start() + 1] != len(kind):
            continue
        try:
            arrays |= _READERS[kind](data, match.end(), counts[kind])
        except (ValueError, IndexError) as error:
            raise JaxevalError(
                f"dlib layer {kind.decode()} at byte {match.start()}: {error}; download it again."
            ) from error
        counts[kind] += 1
    return arrays


def _integers(data: bytes, at: int, count: int) -> tuple[list[int], int]:
    values = []
    for _ in range(count):
        size, sign = data[at] & 0x0F, -1 if data[at] & 0x80 else 1
        values.append(sign * int.from_bytes(data[at + 1 : at + 1 + size], "little"))
        at += 1 + size
    return values, at


def _tensor(data: bytes, at: int) -> tuple[np.ndarray, int]:
    (version, *extents), at = _integers(data, at, 5)
    if version != 2:
        raise ValueError(f"expected a tensor of version 2, got {version}")
    count = int(np.prod(extents))
    return np.frombuffer(data, "<f4", count, at).reshape(extents), at + 4 * count


def _convolution(data: bytes, at: int, index: int) -> Arrays:
    parameters, at = _tensor(data, at)
    (filters, height, width), _ = _integers(data, at, 3)
    kernel, bias = np.split(parameters.ravel(), [-filters])
    return {f"con.{index}.filters": kernel.reshape(filters, -1, height, width), f"con.{index}.biases": bias}


def _affine(data: bytes, at: int, index: int) -> Arrays:
    gamma, beta = np.split(_tensor(data, at)[0].ravel(), 2)
    return {f"affine.{index}.gamma": gamma, f"affine.{index}.beta": beta}


def _fully_connected(data: bytes, at: int, index: int) -> Arrays:
    (outputs, inputs), at = _integers(data, at, 2)
    return {f"fc.{index}.weights": _tensor(data, at)[0].reshape(inputs, outputs)}


_READERS = {b"con_4": _convolution, b"affine_": _affine, b"fc_2": _fully_connected}
