"""MediaPipe's face mesh and face detector, from tflite files."""

from jaxeval.checkpoints.readers.geometry import read_geometry
from jaxeval.checkpoints.readers.tflite import read_tflite
from jaxeval.checkpoints.recipe import Names, Recipe, merge, take
from jaxeval.encoders import blaze_face, face_mesh


def _numbered(stem: str, index: int) -> str:
    """Keras leaves out the number 0."""
    return f"{stem}_{index}" if index else stem


def _conv(ours: str, theirs: str) -> Names:
    return {f"{ours}.kernel": take("hwio", f"{theirs}/Kernel", "ohwi"), f"{ours}.bias": take("o", f"{theirs}/Bias")}


def _prelu(ours: str, index: int) -> Names:
    return {f"{ours}.slope": take("c", f"{_numbered('p_re_lu', index)}/Alpha", "11c")}


def _blaze_block(ours: str, depthwise: int, pointwise: int, prelu: int | None = None) -> Names:
    theirs = _numbered("depthwise_conv2d", depthwise)
    return {
        f"{ours}.depthwise.kernel": take("hwc", f"{theirs}/Kernel", "1hwc"),
        f"{ours}.depthwise.bias": take("c", f"{theirs}/Bias"),
        **_conv(f"{ours}.pointwise", f"conv2d_{pointwise}"),
        **({} if prelu is None else _prelu(f"{ours}.activation", prelu)),
    }


FACE_MESH = Recipe(
    readers=(read_tflite, read_geometry),
    names=merge(
        _conv("stem", "conv2d"),
        _prelu("stem_prelu", 0),
        *(_blaze_block(f"trunk.layers.{k}", k, k + 1, k + 1) for k in range(len(face_mesh.TRUNK))),
        *(
            _blaze_block(f"landmarks.blocks.layers.{k}", 14 + k, 15 + k, 15 + k)
            for k in range(len(face_mesh.LANDMARK_BLOCKS))
        ),
        _conv("landmarks.bottleneck", "conv2d_18"),
        _prelu("landmarks.bottleneck_prelu", 18),
        _blaze_block("landmarks.bottleneck_block.layers.0", 17, 19, 19),
        _conv("landmarks.output", "conv2d_20"),
        _blaze_block("presence.blocks.layers.0", 22, 27, 25),
        _conv("presence.bottleneck", "conv2d_28"),
        _prelu("presence.bottleneck_prelu", 26),
        _blaze_block("presence.bottleneck_block.layers.0", 23, 29, 27),
        _conv("presence.output", "conv2d_30"),
        {"canonical": take("nx", "canonical"), "procrustes_weights": take("n", "procrustes_weights")},
    ),
)

BLAZE_FACE = Recipe(
    readers=(read_tflite,),
    names=merge(
        _conv("stem", "conv2d"),
        *(_blaze_block(f"fine.layers.{k}", k, k + 1) for k in range(len(blaze_face.FINE_BLOCKS))),
        *(_blaze_block(f"coarse.layers.{k}", 11 + k, 12 + k) for k in range(len(blaze_face.COARSE_BLOCKS))),
        *(_conv(f"regressors.{k}", f"regressor_{stride}") for k, stride in enumerate((8, 16))),
        *(_conv(f"classifiers.{k}", f"classificator_{stride}") for k, stride in enumerate((8, 16))),
    ),
)
