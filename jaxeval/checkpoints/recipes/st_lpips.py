"""ST-LPIPS, from its authors' PyTorch files: backbone and heads in one."""

from jaxeval.checkpoints.readers.torch import read_torch
from jaxeval.checkpoints.recipe import Names, Recipe, merge, take, torch_conv
from jaxeval.encoders import lpips_alex, lpips_vgg

_IGNORED = ("scaling_layer.*", "net.*.filt")
"""Constants that our networks have in their code."""


def _heads(count: int) -> Names:
    return {f"heads.{tap}": take("c", f"lin{tap}.model.1.weight", "1c11") for tap in range(count)}


ST_LPIPS_ALEX = Recipe(
    readers=(read_torch,),
    names=merge(
        torch_conv("conv1", "net.slice1.0"),
        torch_conv("conv2", "net.slice2.5"),
        torch_conv("conv3", "net.slice3.9"),
        torch_conv("conv4", "net.slice4.11"),
        torch_conv("conv5", "net.slice5.13"),
        _heads(len(lpips_alex.TAPS)),
    ),
    ignored=_IGNORED,
)

_VGG_GROUPS = ((0, 2), (6, 8), (12, 14, 16), (20, 22, 24), (28, 30, 32))
"""Where the convolutions stand in the authors' sequence of layers."""

ST_LPIPS_VGG = Recipe(
    readers=(read_torch,),
    names=merge(
        *(
            torch_conv(f"groups.{group}.{k}", f"net.slice{group + 1}.{index}")
            for group, indices in enumerate(_VGG_GROUPS)
            for k, index in enumerate(indices)
        ),
        _heads(len(lpips_vgg.TAPS)),
    ),
    ignored=_IGNORED,
)
