"""The clips of a dataset."""

from pathlib import Path

from jaxeval.benchmark.layouts import Source, sources
from jaxeval.benchmark.plan import Dataset
from jaxeval.benchmark.subsets import RULES, chosen


def clips_of(dataset: Dataset, folder: Path) -> list[Source]:
    """The clips that a dataset's rule takes."""
    return chosen(sources(folder / dataset.root, dataset.layout), RULES[dataset.subset], dataset.seed)
