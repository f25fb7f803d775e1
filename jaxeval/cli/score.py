"""`jaxeval score`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from rich.console import Console
from tyro.conf import Positional, UseAppendAction, arg

from jaxeval.cli.names import Names
from jaxeval.cli.run_pairs import run_pairs
from jaxeval.errors import nearest, require, require_jax
from jaxeval.protocol import PROTOCOLS
from jaxeval.report.progress import print_lines
from jaxeval.results.limits import check_numbers
from jaxeval.results.run_folder import choose_folder, claim_folder, inputs_of

if TYPE_CHECKING:
    from jaxeval.scoring.pairing import Pairing

_OUT = Path("jaxeval-scores")
_OUT_HINT = f"(default: {_OUT}, or {_OUT}-2, … if that holds a run of other inputs)"


@dataclass(frozen=True)
class Score:
    """Score generated clips against their references.

    Give two files, two folders, or a file that lists pairs. Subfolders are searched too; clips are paired by their
    paths below the two folders, without suffixes. Run the same command again to resume.

    Exit codes: 0 every clip was scored, 1 some failed (their rows say why), 2 nothing could be scored.
    """

    generated: Annotated[Path | None, Positional, arg(metavar="GENERATED", help_behavior_hint="")] = None
    """Generated video, or .npz file of trajectories [T, D]; or a folder of either."""
    reference: Annotated[Path | None, Positional, arg(metavar="REFERENCE", help_behavior_hint="")] = None
    """Reference to score against, or a folder of them."""
    pairs: Annotated[Path | None, arg(metavar="FILE", help_behavior_hint="")] = None
    """CSV, JSON Lines or Parquet file of pairs: columns generated and reference; optional id, audio and identity."""
    audio: Annotated[
        Path | None, arg(metavar="PATH", help_behavior_hint="(default: the generated clip's, else the reference's)")
    ] = None
    """Sound to score against; a folder if GENERATED is one."""
    out: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint=_OUT_HINT)] = None
    """Folder for scores.json, scores.csv and report.html; another run's files there are moved to previous/."""
    protocol: Annotated[str, arg(metavar="NAME")] = "jaxeval-v1"
    """Protocol, which fixes encoders, frame rate, crops and alignment: jaxeval-v1 or arxiv-2606.01031."""
    scores: Annotated[Names, arg(help_behavior_hint="(default: all the protocol's)")] = ()
    """Compute only these scores, e.g. csim,lip_sync."""
    region: Literal["face", "frame"] = "face"
    """What image and perceptual scores look at: the reference's face region or the whole frame."""
    identities: Annotated[Path | None, arg(metavar="FILE", help_behavior_hint="")] = None
    """CSV file with lines clip,person: confidence intervals then resample persons instead of clips."""
    min_features: Annotated[int | None, arg(metavar="N", help_behavior_hint="(default: feature size + 1)")] = None
    """Minimum features per set for a Fréchet distance; 256 by default for fd_expr."""
    gamma: Annotated[float, arg(metavar="GAMMA")] = 0.01
    """Soft-DTW temperature for trajectories from .npz files, in units of their squared distances."""
    noise_floor: Annotated[int, arg(metavar="N")] = 1
    """Number of references used to measure the noise floor (each against itself, re-encoded); 0 disables it."""
    scorers: Annotated[Path | None, arg(metavar="FILE", help_behavior_hint="")] = None
    """Python file with your own scores (it is executed): SCORERS = [jaxeval.CustomScore(...), ...]."""
    value: Annotated[tuple[str, ...], UseAppendAction, arg(metavar="NAME=NUMBER")] = ()
    """A value to report beside the scores, e.g. fps=31.5."""
    report: Annotated[bool, arg(help_behavior_hint="")] = True
    """Don't write report.html, which takes about a tenth of a run's time."""
    per_frame: Annotated[bool, arg(help_behavior_hint="")] = False
    """Also write scores_per_frame.parquet, with the value of every frame."""

    def __post_init__(self) -> None:
        manifest = self.pairs is not None
        given = [path for path in (self.generated, self.reference) if path is not None]
        require(manifest or len(given) == 2, "expected GENERATED and REFERENCE, or --pairs FILE. See --help.")
        require(not (manifest and given), "--pairs replaces GENERATED and REFERENCE; found both. Use one of them.")
        require(not (manifest and self.audio), "--audio: with --pairs, use the audio column instead.")
        what = f"--protocol: expected a known name, found {self.protocol}."
        require(self.protocol in PROTOCOLS, f"{what} {nearest(self.protocol, PROTOCOLS)}")
        check_numbers(self.gamma, self.noise_floor, self.min_features, options=True)

    def run(self, console: Console) -> int:
        """Score, print the table, write the files."""
        require_jax()
        from jaxeval.scoring.custom import load_scorers, read_values
        from jaxeval.scoring.run import Run, Settings

        inputs = inputs_of(generated=self.generated, reference=self.reference, pairs=self.pairs, audio=self.audio)
        out, moved = (self.out, "") if self.out else choose_folder(_OUT, inputs)
        values = read_values(self.value)
        pairing, identities = self._pairing(out)
        print_lines(console, [line for line in (moved, pairing.words()) if line])
        settings = Settings(
            protocol=PROTOCOLS[self.protocol],
            region=self.region,
            scores=self.scores or None,
            gamma=self.gamma,
            scorers=load_scorers(self.scorers) if self.scorers else (),
            values=values,
            identities=identities,
            min_features=self.min_features,
            floor=self.noise_floor,
            names=self._names(),
            passed_over=pairing.provenance(),
            open_names=pairing.has_trajectories,
        )
        run = Run(out, settings)
        claim_folder(out, inputs)
        title = f"{self.pairs}" if self.pairs else " against ".join(self._names())
        return run_pairs(console, run, pairing.pairs, title, report=self.report, per_frame=self.per_frame)

    def _names(self) -> tuple[str, str]:
        if self.pairs:
            return f"{self.pairs}", "the references it names"
        return f"{self.generated}", f"{self.reference}"

    def _pairing(self, out: Path) -> tuple[Pairing, dict[str, str]]:
        """What is to be scored, and who is in which clip."""
        from jaxeval.scoring.manifest import read_manifest
        from jaxeval.scoring.pairing import Pairing, check_identities, find_pairs, read_identities

        if self.pairs:
            pairs, identities = read_manifest(self.pairs)
            text = f"--identities: {self.pairs} has an identity column already. Use one of them."
            require(not (identities and self.identities), text)
            pairing = Pairing(pairs, [])
        else:
            assert self.generated is not None
            assert self.reference is not None
            pairing, identities = find_pairs(self.generated, self.reference, self.audio, out), {}
        if self.identities:
            identities = read_identities(self.identities)
            check_identities(identities, pairing.pairs, self.identities)
        return pairing, identities
