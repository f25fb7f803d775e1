"""`jaxeval bench robustness`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from rich.console import Console
from rich.table import Table
from tyro.conf import Positional, arg

from jaxeval.cli.names import Names
from jaxeval.cli.run_pairs import watched
from jaxeval.errors import nearest, require, require_jax
from jaxeval.files import make_folder, remove_parts
from jaxeval.protocol import PROTOCOLS
from jaxeval.report.progress import print_lines
from jaxeval.results.run_folder import claim_folder, inputs_of

if TYPE_CHECKING:
    from jaxeval.benchmark.robustness import Findings


@dataclass(frozen=True)
class BenchRobustness:
    """Change your own clips in known ways, and measure what each score makes of it.

    Every clip is its own reference. Harmless changes of timing (shift, pace, wander, jitter, drops), timing faults
    (freezes, sound_delay) and quality faults (blur, noise, compression, identity, mouth_freeze), each at several
    levels, are scored against it. DIR gets robustness.html, robustness.csv, separation.csv, monotonicity.csv and
    figures/. Run the same command again to resume.

    Exit codes: 0 every copy was scored, 1 some failed (their rows say why), 2 nothing could be scored.
    """

    clips: Annotated[Path, Positional, arg(metavar="CLIPS")]
    """Video, or folder of videos; subfolders are searched too."""
    out: Annotated[Path, arg(metavar="DIR")]
    """Folder for the results."""
    changes: Annotated[Names, arg(help_behavior_hint="(default: all)")] = ()
    """Make only these changes, e.g. shift,blur."""
    levels: Annotated[int | None, arg(metavar="N", help_behavior_hint="(default: all, 2 to 6)")] = None
    """Levels of each change, the strongest among them."""
    scores: Annotated[Names, arg(help_behavior_hint="(default: all the protocol's)")] = ()
    """Compute only these scores, e.g. lpips,lpips_div."""
    limit: Annotated[int | None, arg(name="clips", metavar="N", help_behavior_hint="(default: all)")] = None
    """Use only the first N clips, in the order of their names."""
    seconds: Annotated[float, arg(metavar="S")] = 10.0
    """Use only the first S seconds of each clip."""
    protocol: Annotated[str, arg(metavar="NAME")] = "jaxeval-v1"
    """Protocol: jaxeval-v1 or arxiv-2606.01031."""
    region: Literal["face", "frame"] = "face"
    """What image and perceptual scores look at: the clip's face region or the whole frame."""
    keep: Annotated[bool, arg(help_behavior_hint="")] = False
    """Keep the changed copies in DIR/clips, stored without loss; otherwise two lie there at a time."""

    def __post_init__(self) -> None:
        what = f"--protocol: expected a known name, found {self.protocol}."
        require(self.protocol in PROTOCOLS, f"{what} {nearest(self.protocol, PROTOCOLS)}")
        for name, value in (("levels", self.levels), ("clips", self.limit)):
            require(value is None or value > 0, f"--{name}: expected at least 1, found {value}.")
        require(self.seconds > 0, f"--seconds: expected more than 0, found {self.seconds:g}.")

    def run(self, console: Console) -> int:
        """Change, score, and write what was found."""
        copies = self.out.resolve() / "clips"  # which are deleted when they have been scored
        text = f"--out {self.out}: expected a folder whose clips/ isn't CLIPS, found {self.clips}"
        require(copies not in (self.clips.resolve(), *self.clips.resolve().parents), f"{text}. Choose another folder.")
        clips = self._found()
        require_jax()
        from jaxeval.benchmark.perturbations import chosen_conditions
        from jaxeval.benchmark.robustness import Robustness
        from jaxeval.benchmark.shards import only_run
        from jaxeval.scoring.run import Settings

        conditions = chosen_conditions(self.changes, self.levels)
        settings = Settings(PROTOCOLS[self.protocol], region=self.region, scores=self.scores or None)
        settings.selection  # noqa: B018  # refuses unknown scores before anything is written
        make_folder(self.out)
        with only_run(self.out):
            remove_parts(self.out / "cells")
            claim_folder(self.out, inputs_of(generated=self.clips))
            work = Robustness(self.out, settings, conditions, seconds=self.seconds, keep=self.keep)
            with watched(console, len(clips) * len(conditions)) as shown:
                found = work.find(clips, shown)
            self._write(console, found)
        return int(found.failed > 0)

    def _found(self) -> dict[str, Path]:
        """The clips by name."""
        from jaxeval.media.kinds import is_clip
        from jaxeval.scoring.folders import id_of, read_folder

        if self.clips.is_dir():
            named = sorted(read_folder(self.clips, is_clip, "videos", self.out).named.items())
            return dict(named[: self.limit])
        text = f"{self.clips}: expected CLIPS to be a video or a folder, found neither. Check the path."
        require(self.clips.is_file(), text)
        return {id_of(self.clips.name): self.clips}

    def _write(self, console: Console, found: Findings) -> None:
        from jaxeval.benchmark.robustness_files import FORMS, separations, write_tables
        from jaxeval.benchmark.robustness_page import write_figures, write_page

        tables = write_tables(self.out, found)
        shown = Table("score", "form", "ratio", "AUC", "own ratio", "own AUC", "clips")
        for score, figure in separations(found).items():
            numbers = (figure.ratio, figure.auc, figure.own_ratio, figure.own_auc)
            cells = ("–" if x is None else f"{x:.3g}" for x in numbers)
            shown.add_row(score.label, FORMS[score.form], *cells, f"{figure.clips} of {len(found.clips)}")
        if shown.row_count:
            console.print(shown)
        if found.failed:
            print_lines(console, [f"{found.failed} failed; their rows say why"])
        page = self.out / "robustness.html"
        write_page(page, found, write_figures(self.out / "figures", found), f"Robustness: {self.clips}")
        print_lines(console, [*map(str, tables), f"{page}"])
