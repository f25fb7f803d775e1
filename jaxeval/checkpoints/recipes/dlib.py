"""dlib's face recognition network, from its own format."""

from jaxeval.checkpoints.readers.dlib import read_dlib
from jaxeval.checkpoints.recipe import Names, Recipe, merge, take
from jaxeval.encoders import dlib_resnet


def _conv(conv: str, affine: str, index: int) -> Names:
    return {
        f"{conv}.kernel": take("hwio", f"con.{index}.filters", "oihw"),
        f"{conv}.bias": take("o", f"con.{index}.biases"),
        f"{affine}.scale": take("c", f"affine.{index}.gamma"),
        f"{affine}.shift": take("c", f"affine.{index}.beta"),
    }


DLIB_RESNET = Recipe(
    readers=(read_dlib,),
    names=merge(
        _conv("stem", "stem_affine", 0),
        *(
            _conv(f"blocks.{block}.conv{half}", f"blocks.{block}.affine{half}", 2 * block + half)
            for block in range(len(dlib_resnet.BLOCKS))
            for half in (1, 2)
        ),
        {"head": take("io", "fc.0.weights")},
    ),
)
