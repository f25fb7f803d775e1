"""The matrix of a benchmark: for every clip of every dataset the outputs of all methods, one unit of work."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from jaxeval.benchmark.datasets import taken_of
from jaxeval.benchmark.layouts import Source
from jaxeval.benchmark.parts import Part
from jaxeval.benchmark.plan import Bench, Method
from jaxeval.benchmark.remote import Place, exists, is_remote, local, located
from jaxeval.errors import JaxevalError, printable, require
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
    outputs: Mapping[str, Place]

    @property
    def name(self) -> str:
        """Dataset and clip."""
        return f"{self.dataset}/{self.clip.id}"

    def pair_name(self, method: str) -> str:
        """A method's pair."""
        return f"{method}/{self.name}"

    def pair(self, method: str) -> Pair:
        """What is scored of a method; files that lie elsewhere are copied here.

        Args:
            method: the method.

        Raises:
            JaxevalError: one of those isn't there, or can't be read.
        """
        clip = self.clip
        portrait = None if clip.video else clip.portrait
        video, audio, picture = (
            None if place is None else local(place) for place in (clip.video, clip.audio, portrait)
        )
        return Pair(self.pair_name(method), local(self.outputs[method]), video, audio, picture, clip.span)


@dataclass(frozen=True)
class Plan:
    """A benchmark with its clips as they were found.

    Attributes:
        bench: what is compared.
        folder: of its file, which paths are relative to.
        clips: dataset to its clips.
    """

    bench: Bench
    folder: Path
    clips: Mapping[str, Sequence[Source]]

    def units(self) -> list[Unit]:
        """All units, dataset by dataset."""
        return [
            Unit(name, clip, {method.name: self._output(method, name, clip) for method in self.bench.methods})
            for name, clips in self.clips.items()
            for clip in clips
        ]

    def _output(self, method: Method, dataset: str, clip: Source) -> Place:
        return located(self.folder, method.outputs.format(dataset=dataset, id=clip.id, identity=clip.identity))

    def write(self, folder: Path) -> None:
        """Keep it in the folder of its run.

        Raises:
            JaxevalError: it can't be written.
        """
        told = _Written(
            self.bench, str(self.folder), {name: list(map(_texts, own)) for name, own in self.clips.items()}
        )
        with atomic_file(folder / PLAN) as file:
            file.write(msgspec.json.format(msgspec.json.encode(told)))


class _Written(msgspec.Struct):
    """A plan as text; `clips` has the fields of a `Source`."""

    bench: Bench
    folder: str
    clips: dict[str, list[tuple[str, str | None, str | None, str | None, str, str, float | None, float | None]]]


def _texts(clip: Source) -> tuple[Any, ...]:
    return tuple(str(cell) if isinstance(cell, Path) else cell for cell in clip)


def plan_of(bench: Bench, folder: Path) -> tuple[Plan, list[str]]:
    """A benchmark with its clips.

    Args:
        bench: what is compared.
        folder: of its file.

    Returns:
        The plan, and a line about each dataset of which clips were left out.

    Raises:
        JaxevalError: a dataset can't be read, or has no clip.
    """
    folder = folder.resolve()
    taken = {dataset.name: taken_of(dataset, folder) for dataset in bench.datasets}
    few = [name for name, each in taken.items() if not each.clips]
    require(not few, f"{', '.join(few)}: expected clips, found none: {taken[few[0]].words() if few else ''}.")
    passed = [f"{name}: {each.words()}" for name, each in taken.items() if each.left_out or each.is_short]
    return Plan(bench, folder, {name: each.clips for name, each in taken.items()}), passed


def read_plan(folder: Path) -> Plan:
    """What a run works on.

    Args:
        folder: the run's.

    Raises:
        JaxevalError: there is none, or it is damaged.
    """
    path = folder / PLAN
    try:
        told = msgspec.json.decode(path.read_bytes(), type=_Written)
    except FileNotFoundError as error:
        text = (
            f"{folder}: expected the folder of a benchmark's run, found no {PLAN} in it. Start one: jaxeval bench run."
        )
        raise JaxevalError(printable(text)) from error
    except (OSError, msgspec.MsgspecError, ValueError) as error:
        text = f"{path}: expected the plan of a run, found: {' '.join(str(error).split())}. Run the benchmark again."
        raise JaxevalError(printable(text)) from error
    return Plan(
        told.bench, Path(told.folder), {name: [_source(*cells) for cells in own] for name, own in told.clips.items()}
    )


def _source(name: str, video: str | None, audio: str | None, portrait: str | None, *rest: Any) -> Source:
    return Source(name, _place(video), _place(audio), _place(portrait), *rest)


def _place(text: str | None) -> Place | None:
    return text if text is None or is_remote(text) else Path(text)


def part_of(units: Sequence[Unit], part: Part) -> list[Unit]:
    """A part's units: as many as any other part's, and of all datasets alike."""
    return list(units[part.number - 1 :: part.of])


def absent(units: Sequence[Unit]) -> Iterator[tuple[str, Unit]]:
    """The outputs that aren't there, each with its method."""
    for unit in units:
        yield from ((method, unit) for method, place in unit.outputs.items() if not exists(place))
