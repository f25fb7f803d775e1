"""SyncNet, from its authors' PyTorch file."""

from dataclasses import replace

from jaxeval.checkpoints.readers.torch import read_torch
from jaxeval.checkpoints.recipe import Names, Recipe, merge, torch_conv_norm, torch_dense

EPS = 1e-5

CONVS = (0, 4, 8, 11, 14, 18)
"""Places of the convolutions in either tower's sequence; each normalisation is at the next."""


def _tower(ours: str, theirs: str, places: tuple[int, ...]) -> Names:
    return merge(
        *(
            torch_conv_norm(f"{ours}.{k}.conv", f"{theirs}.{at}", f"{theirs}.{at + 1}", EPS, bias=True)
            for k, at in enumerate(places)
        )
    )


def _one_frame(names: Names) -> Names:
    """For convolutions over time, height and width that are one frame long."""
    return {
        ours: replace(taken, parts=tuple((theirs, axes.replace("oihw", "oi1hw")) for theirs, axes in taken.parts))
        for ours, taken in names.items()
    }


def _head(ours: str, theirs: str) -> Names:
    return merge(
        torch_conv_norm(f"{ours}.dense1", f"{theirs}.0", f"{theirs}.1", EPS, bias=True, axes=""),
        torch_dense(f"{ours}.dense2", f"{theirs}.3"),
    )


SYNCNET = Recipe(
    readers=(read_torch,),
    names=merge(
        torch_conv_norm("conv1", "netcnnlip.0", "netcnnlip.1", EPS, bias=True, axes="thw"),
        _one_frame(_tower("face", "netcnnlip", CONVS[1:])),
        _head("face_head", "netfclip"),
        _tower("sound", "netcnnaud", CONVS),
        _head("sound_head", "netfcaud"),
    ),
    ignored=("*.num_batches_tracked",),
)
