"""`jaxeval bench init` and `add`: the benchmark's file."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from rich.console import Console
from tyro.conf import Positional, arg

from jaxeval.errors import printable, require
from jaxeval.files import atomic_file, make_folder
from jaxeval.report.progress import print_lines


@dataclass(frozen=True)
class BenchInit:
    """Write a first bench.toml from two folders.

    OUTPUTS holds METHOD/DATASET/ID.mp4, REFERENCES holds DATASET/ID.mp4.
    """

    outputs: Annotated[Path, Positional, arg(metavar="OUTPUTS")]
    """Folder with one folder for each method."""
    references: Annotated[Path, Positional, arg(metavar="REFERENCES")]
    """Folder with one folder for each dataset."""
    out: Annotated[Path, arg(metavar="FILE")] = Path("bench.toml")
    """File to write; one that exists is kept."""

    def run(self, console: Console) -> int:
        """Write the file."""
        from jaxeval.benchmark.init import first_bench

        text = f"{self.out}: expected no such file yet, found one. Remove it, or choose another with --out."
        require(not self.out.exists(), printable(text))
        content = first_bench(self.outputs, self.references, self.out.parent)
        make_folder(self.out.parent)
        with atomic_file(self.out) as file:
            file.write(content.encode())
        print_lines(console, [f"{self.out}", f"Next: jaxeval bench plan {self.out}"])
        return 0


@dataclass(frozen=True)
class BenchAdd:
    """Add a method to bench.toml; the next run scores it and nothing else."""

    bench: Annotated[Path, Positional, arg(metavar="BENCH")]
    """The benchmark's file."""
    name: Annotated[str, Positional, arg(metavar="NAME")]
    """The method's name."""
    outputs: Annotated[str, Positional, arg(metavar="OUTPUTS")]
    """Path of a clip, such as outputs/wav2lip/{dataset}/{id}.mp4, relative to the file's folder."""
    paradigm: Annotated[str, arg(metavar="NAME")] = "other"
    """How it makes its pictures: motion space, lip-centric, multi-condition, full motion or other."""
    year: Annotated[int | None, arg(metavar="YEAR", help_behavior_hint="")] = None
    """When it was published."""

    def run(self, console: Console) -> int:
        """Change the file."""
        from jaxeval.benchmark.init import with_method
        from jaxeval.benchmark.plan import Method

        with_method(self.bench, Method(self.name, self.outputs, self.paradigm, self.year))
        print_lines(console, [f"{self.bench}: added {self.name}", f"Next: jaxeval bench run {self.bench} --out RUN"])
        return 0
