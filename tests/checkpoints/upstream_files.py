"""Writers of small upstream files, from what is published of the formats; the readers' counterparts."""

import struct

import numpy as np


def dlib_integer(value):
    """A byte that counts the bytes that follow (its top bit the sign), then these, the lowest first."""
    size = max(1, (abs(value).bit_length() + 7) // 8)
    return bytes([size | (0x80 if value < 0 else 0)]) + abs(value).to_bytes(size, "little")


def dlib_tensor(array):
    shape = (*array.shape, *[1] * (4 - array.ndim))
    return b"".join(map(dlib_integer, (2, *shape))) + array.astype("<f4").tobytes()


def dlib_name(name):
    return dlib_integer(len(name)) + name.encode()


def dlib_network(kernel, bias, gamma, beta, weights):
    """A convolution, an affine layer, a fully connected one, with the clutter that stands between such records."""
    parameters = np.concatenate([kernel.ravel(), bias])
    clutter = dlib_integer(-70000) + dlib_integer(1)
    return b"".join(
        [
            dlib_name("loss_metric_2") + clutter,
            dlib_name("con_4") + dlib_tensor(parameters),
            b"".join(map(dlib_integer, (kernel.shape[0], *kernel.shape[2:], 2, 2, 0, 0))) + clutter,
            dlib_name("affine_") + dlib_tensor(np.concatenate([gamma, beta])) + clutter,
            dlib_name("relu_") + clutter,
            dlib_name("fc_2") + dlib_integer(weights.shape[1]) + dlib_integer(weights.shape[0]) + dlib_tensor(weights),
        ]
    )


def varint(value):
    out = b""
    while value >= 0x80:
        out, value = out + bytes([value & 0x7F | 0x80]), value >> 7
    return out + bytes([value])


def field(number, wire_type, payload):
    return varint(number << 3 | wire_type) + payload


def block(number, payload):
    return field(number, 2, varint(len(payload)) + payload)


def geometry(vertices, weights, *, packed):
    """A GeometryPipelineMetadata: the mesh's x, y, z, u, v per vertex, and (landmark, weight) pairs."""
    numbers = np.concatenate([vertices, np.zeros((len(vertices), 2))], axis=1).astype("<f4")
    if packed:
        buffer = block(3, numbers.tobytes())
    else:
        buffer = b"".join(field(3, 5, struct.pack("<f", number)) for number in numbers.ravel())
    mesh = field(1, 0, varint(0)) + field(2, 0, varint(0)) + buffer + block(4, varint(300))
    basis = [block(2, field(1, 0, varint(i)) + field(2, 5, struct.pack("<f", w))) for i, w in weights.items()]
    return block(1, mesh) + b"".join(basis) + field(3, 0, varint(1))


def tflite_network(tensors):
    """A network that consists of constant tensors only."""
    import flatbuffers
    import tflite

    builder = flatbuffers.Builder(1024)

    def vector(start, offsets):
        start(builder, len(offsets))
        for offset in reversed(offsets):
            builder.PrependUOffsetTRelative(offset)
        return builder.EndVector()

    def constant(index, name, array):
        data, label = builder.CreateByteVector(array.tobytes()), builder.CreateString(name)
        shape = builder.CreateNumpyVector(np.array(array.shape, np.int32))
        tflite.BufferStart(builder)
        tflite.BufferAddData(builder, data)
        buffer = tflite.BufferEnd(builder)
        types = {"float32": 0, "float16": 1, "int32": 2}
        tflite.TensorStart(builder)
        tflite.TensorAddShape(builder, shape)
        tflite.TensorAddType(builder, types[array.dtype.name])
        tflite.TensorAddBuffer(builder, index)
        tflite.TensorAddName(builder, label)
        return buffer, tflite.TensorEnd(builder)

    made = [constant(index, name, array) for index, (name, array) in enumerate(tensors.items())]
    rows = vector(tflite.SubGraphStartTensorsVector, [tensor for _, tensor in made])
    tflite.SubGraphStart(builder)
    tflite.SubGraphAddTensors(builder, rows)
    graph = vector(tflite.ModelStartSubgraphsVector, [tflite.SubGraphEnd(builder)])
    buffers = vector(tflite.ModelStartBuffersVector, [buffer for buffer, _ in made])
    tflite.ModelStart(builder)
    tflite.ModelAddVersion(builder, 3)
    tflite.ModelAddSubgraphs(builder, graph)
    tflite.ModelAddBuffers(builder, buffers)
    builder.Finish(tflite.ModelEnd(builder), b"TFL3")
    return bytes(builder.Output())
