"""FID's Inception-v3, from the PyTorch file that pytorch-fid publishes."""

from jaxeval.checkpoints.readers.torch import read_torch
from jaxeval.checkpoints.recipe import Names, Recipe, merge, torch_conv_norm
from jaxeval.encoders.inception_fid import BLOCKS, STEM, Block

EPS = 1e-3


def _conv(ours: str, theirs: str) -> Names:
    return torch_conv_norm(ours, f"{theirs}.conv", f"{theirs}.bn", EPS)


def _block(ours: str, block: Block) -> Names:
    """Upstream counts a branch's convolutions from 1 if there are several, and letters those that read the same."""
    names: Names = {}
    entries = 0
    for k, branch in enumerate(block.branches):
        rows = [
            [f"{ours}.rests.{k}.{row}.convs.{side}" for side in range(len(sizes))]
            for row, (_, *sizes) in enumerate(branch.rest)
        ]
        if branch.entry:
            rows.insert(0, [f"{ours}.entries.{entries}"])
            entries += 1
        for number, row in enumerate(rows, start=1):
            count = f"_{number}" if len(rows) > 1 else ""
            for conv, letter in zip(row, "ab" if len(row) > 1 else [""], strict=True):
                names |= _conv(conv, f"{block.name}.branch{branch.name}{count}{letter}")
    return names | (_conv(f"{ours}.projection", f"{block.name}.branch_pool") if block.projection else {})


INCEPTION_FID = Recipe(
    readers=(read_torch,),
    names=merge(
        *(_conv(f"stem.{k}", name) for k, (name, *_) in enumerate(STEM)),
        *(_block(f"blocks.{k}", block) for k, block in enumerate(BLOCKS)),
    ),
    ignored=("fc.*", "*.num_batches_tracked"),
)
