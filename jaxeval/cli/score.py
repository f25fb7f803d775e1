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
    """Score generated clips, against their references if there are any.

    Give two files, two folders, or a file that lists pairs. Subfolders are searched too; clips are paired by their
    paths below the two folders, without suffixes. Without REFERENCE, all scores that need none are computed, and with
    --portrait those of identity. Run the same command again to resume.

    Exit codes: 0 every clip was scored, 1 some failed (their rows say why), 2 nothing could be scored.
    """

    generated: Annotated[Path | None, Positional, arg(metavar="GENERATED", help_behavior_hint="")] = None
    """Generated video, or .npz file of trajectories [T, D]; or a folder of either."""
    reference: Annotated[Path | None, Positional, arg(metavar="REFERENCE", help_behavior_hint="")] = None
    """Reference to score against, or a folder of them; leave it out if there is none."""
    pairs: Annotated[Path | None, arg(metavar="FILE", help_behavior_hint="")] = None
    """CSV, JSON Lines or Parquet file of pairs: columns generated and reference; optional id, audio, portrait and
    identity."""
    audio: Annotated[
        Path | None, arg(metavar="PATH", help_behavior_hint="(default: the generated clip's, else the reference's)")
    ] = None
    """Sound to score against; a folder if GENERATED is one."""
    portrait: Annotated[Path | None, arg(metavar="IMAGE", help_behavior_hint="")] = None
    """Without REFERENCE: picture of the person, against which csim and id_distance are measured; or a folder with one
    for each clip."""
    out: Annotated[Path | None, arg(metavar="DIR", help_behavior_hint=_OUT_HINT)] = None
    """Folder for scores.json, scores.csv and report.html; another run's files there are moved to previous/."""
    protocol: Annotated[str, arg(metavar="NAME")] = "jaxeval-v1"
    """Protocol, which fixes encoders, frame rate, crops and alignment: jaxeval-v1 or arxiv-2606.01031."""
    scores: Annotated[Names, arg(help_behavior_hint="(default: all the protocol's)")] = ()
    """Compute only these scores, e.g. csim,lip_sync."""
    region: Literal["face", "frame"] = "face"
    """What image and perceptual scores look at: the reference's face region or the whole frame."""
    face: Annotated[str | None, arg(metavar="WHICH", help_behavior_hint="(default: the largest and steadiest)")] = None
    """Which face to score if a clip shows several: left, right, largest, or a number, counted from the left."""
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
        require(manifest or self.generated, "expected GENERATED, or --pairs FILE. See --help.")
        text = "--pairs replaces GENERATED and REFERENCE; found both. Use one of them."
        require(not (manifest and (self.generated or self.reference)), text)
        for name in ("audio", "portrait"):
            text = f"--{name}: with --pairs, use the {name} column instead."
            require(not (manifest and getattr(self, name)), text)
        text = "--portrait: expected no REFERENCE, found both. Identity is held against one of them; remove the other."
        require(not (self.reference and self.portrait), text)
        what = f"--protocol: expected a known name, found {self.protocol}."
        require(self.protocol in PROTOCOLS, f"{what} {nearest(self.protocol, PROTOCOLS)}")
        check_numbers(self.gamma, self.noise_floor, self.min_features, options=True)

    def run(self, console: Console) -> int:
        """Score, print the table, write the files."""
        require_jax()
        from jaxeval.scoring.custom import load_scorers, read_values
        from jaxeval.scoring.people import check_face
        from jaxeval.scoring.run import Run, Settings

        face, names = check_face(self.face), self._names()
        roles = ("generated", "reference", "pairs", "audio", "portrait")
        inputs = inputs_of(**{role: getattr(self, role) for role in roles})
        out, moved = (self.out, "") if self.out else choose_folder(_OUT, inputs)
        values = read_values(self.value)
        pairing, identities = self._pairing(out)
        print_lines(console, [line for line in (moved, pairing.words()) if line])
        settings = Settings(
            protocol=PROTOCOLS[self.protocol],
            region=self.region,
            face=face,
            scores=self.scores or None,
            gamma=self.gamma,
            scorers=load_scorers(self.scorers) if self.scorers else (),
            values=values,
            identities=identities,
            min_features=self.min_features,
            floor=self.noise_floor,
            names=names,
            passed_over=pairing.provenance(),
            open_names=pairing.has_trajectories,
        )
        run = Run(out, settings)
        claim_folder(out, inputs)
        title = f"{self.pairs}" if self.pairs else _title(**names)
        return run_pairs(console, run, pairing.pairs, title, report=self.report, per_frame=self.per_frame)

    def _names(self) -> dict[str, str]:
        if self.pairs:
            return {"generated": f"{self.pairs}", "reference": "the references it names"}
        given = {role: getattr(self, role) for role in ("generated", "reference", "portrait")}
        return {role: f"{path}" for role, path in given.items() if path is not None}

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
            pairing, identities = find_pairs(self.generated, self.reference, self.audio, out, self.portrait), {}
        if self.identities:
            identities = read_identities(self.identities)
            check_identities(identities, pairing.pairs, self.identities)
        return pairing, identities


def _title(generated: str, reference: str = "", portrait: str = "") -> str:
    """The page's heading."""
    return generated + (f" against {reference}" if reference else f", portrait {portrait}" if portrait else "")
