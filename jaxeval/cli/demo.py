"""`jaxeval demo`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from rich.console import Console
from tyro.conf import arg

from jaxeval.cli.run_pairs import run_pairs
from jaxeval.errors import require_jax
from jaxeval.report.progress import print_lines


@dataclass(frozen=True)
class Demo:
    """Score four faulty copies of a talking face, to see what aligned scoring does.

    The face is made from a photograph and recorded speech.
    """

    out: Annotated[Path, arg(metavar="DIR")] = Path("jaxeval-demo")
    """Folder for the clips, scores.json, scores.csv and report.html."""

    def run(self, console: Console) -> int:
        """Make the clips, score them, print the table, write the page."""
        require_jax()
        from jaxeval.demo.clips import make_demo
        from jaxeval.scoring.pairing import Pair
        from jaxeval.scoring.run import Run, Settings

        names = {"generated": "the demo's four faulty copies", "reference": "the original talking face"}
        run = Run(self.out, Settings(names=names, floor=1))
        print_lines(console, ["Making a talking face from a photograph and speech, and four faulty copies of it …"])
        clips = make_demo(self.out)
        pairs = [Pair(name, path, clips.reference) for name, path in clips.methods.items()]
        return run_pairs(console, run, pairs, "Four faulty copies of a talking face")
