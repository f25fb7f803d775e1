"""The matrix of a benchmark: for every clip of every dataset the outputs of all methods, one unit of work."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from jaxeval.benchmark.datasets import clips_of
from jaxeval.benchmark.layouts import Source
from jaxeval.benchmark.parts import Part
from jaxeval.benchmark.plan import Bench, Method
from jaxeval.errors import JaxevalError, printable
from jaxeval.files import atomic_file
from jaxeval.scoring.pairing import Pair

PLAN = "plan.json"
"""What a run works on, in its folder."""


@dataclass(frozen=True)
class Unit:
    """A clip with all methods' outputs, which are scored one after the other: the reference is read and encoded once.

    Attributes:
        dataset: the dataset's name.
        clip: the reference, or portrait and sound.
        outputs: method to its file, which may not exist.
    """

    dataset: str
    clip: Source
    outputs: Mapping[str, Path]

    @property
    def name(self) -> str:
        """Dataset and clip."""
        return f"{self.dataset}/{self.clip.id}"

    def pairs(self) -> dict[str, Pair]:
        """What is scored, by method."""
        clip = self.clip
        rest = (clip.video, clip.audio, None if clip.video else clip.portrait)
        return {method: Pair(f"{method}/{self.name}", path, *rest) for method, path in self.outputs.items()}


class Plan(msgspec.Struct, frozen=True):
    """A benchmark with its clips as they were found.

    Attributes:
        bench: what is compared.
        folder: of its file, which paths are relative to.
        clips: dataset to its clips.
    """

    bench: Bench
    folder: str
    clips: dict[str, list[Source]]

    def units(self) -> list[Unit]:
        """All units, dataset by dataset."""
        return [
            Unit(name, clip, {method.name: self._output(method, name, clip) for method in self.bench.methods})
            for name, clips in self.clips.items()
            for clip in clips
        ]

    def _output(self, method: Method, dataset: str, clip: Source) -> Path:
        return Path(self.folder) / method.outputs.format(dataset=dataset, id=clip.id, identity=clip.identity)

    def write(self, folder: Path) -> None:
        """Keep it in the folder of its run.

        Raises:
            JaxevalError: it can't be written.
        """
        with atomic_file(folder / PLAN) as file:
            file.write(msgspec.json.format(msgspec.json.encode(self, enc_hook=str)))


def plan_of(bench: Bench, folder: Path) -> tuple[Plan, list[str]]:
    """A benchmark with its clips.

    Args:
        bench: what is compared.
        folder: of its file.

    Returns:
        The plan, and lines about what of the datasets was left out.

    Raises:
        JaxevalError: a dataset can't be read, or has no clip.
    """
    found = {dataset.name: clips_of(dataset, folder) for dataset in bench.datasets}
    plan = Plan(bench, str(folder.resolve()), found)
    return plan, []


def read_plan(folder: Path) -> Plan:
    """What a run works on.

    Args:
        folder: the run's.

    Raises:
        JaxevalError: there is none, or it is damaged.
    """
    path = folder / PLAN
    try:
        return msgspec.json.decode(path.read_bytes(), type=Plan, dec_hook=lambda kind, told: kind(told))
    except FileNotFoundError as error:
        text = (
            f"{folder}: expected the folder of a benchmark's run, found no {PLAN} in it. Start one: jaxeval bench run."
        )
        raise JaxevalError(printable(text)) from error
    except (OSError, msgspec.MsgspecError, ValueError) as error:
        text = f"{path}: expected the plan of a run, found: {' '.join(str(error).split())}. Run the benchmark again."
        raise JaxevalError(printable(text)) from error


def part_of(units: Sequence[Unit], part: Part) -> list[Unit]:
    """A part's units: as many as any other part's, and of all datasets alike."""
    return list(units[part.number - 1 :: part.of])


def absent(units: Sequence[Unit]) -> Iterator[tuple[str, Unit]]:
    """The outputs that aren't there, each with its method."""
    for unit in units:
        yield from ((method, unit) for method, path in unit.outputs.items() if not path.exists())
