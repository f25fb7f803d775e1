"""The Python door: score files and get the results."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from weakref import finalize

from rich.console import Console

from jaxeval.errors import JaxevalError, nearest, require, require_jax
from jaxeval.media.span import Span
from jaxeval.protocol import PROTOCOLS, Protocol
from jaxeval.report.progress import Shown, clip_progress
from jaxeval.report.results import Results
from jaxeval.scoring.custom import CustomScore
from jaxeval.scoring.documents import run_document
from jaxeval.scoring.noise_floor import floor_pairs
from jaxeval.scoring.pairing import Pair, Pairing, check_identities, find_pairs, given_pairs
from jaxeval.scoring.people import check_face
from jaxeval.scoring.run import Run, Settings

File = str | PathLike[str]
Watch = Callable[[int], AbstractContextManager[Shown]]
"""For a number of clips, what reports their progress."""


def score(
    generated: File | Sequence[File] | Sequence[tuple[File, File]],
    reference: File | Sequence[File] | None = None,
    *,
    audio: File | None = None,
    portrait: File | None = None,
    protocol: str | Protocol = "jaxeval-v1",
    scores: Sequence[str] | None = None,
    out: File | None = None,
    progress: bool = False,
    region: str = "face",
    face: str | int | None = None,
    scorers: Sequence[CustomScore] = (),
    values: Mapping[str, float] | None = None,
    identities: Mapping[str, str] | None = None,
    min_features: int | None = None,
    gamma: float = 0.01,
    noise_floor: int = 0,
) -> Results:
    """Score generated clips, against their references if there are any, as `jaxeval score` does.

    Args:
        generated: a video file or an .npz file of trajectories; a folder of such files; a sequence of files; or a
            sequence of pairs (generated, reference).
        reference: the references, given in the same form: a file, a folder, or a sequence of the same length. Folders
            are paired by the files' paths below them, without suffixes. None if `generated` is a sequence of pairs, or
            if there are no references: then all scores that need none are computed.
        audio: a sound or video file that replaces the clips' own sound, or a folder of them; None for the clips' own.
        portrait: without references, a picture of the person against which identity is measured, or a folder with one
            for each clip.
        protocol: a protocol's name or a `Protocol`; it fixes encoders, frame rate, crops, γ and band.
        scores: names of the scores to compute, see `docs/scores.md`; None for all the protocol's.
        out: folder that keeps every clip as soon as it is scored, so that an interrupted call resumes. None keeps
            nothing. The result files are written by `Results.write`.
        progress: whether to show progress on stderr.
        region: what image and perceptual scores look at: "face", the reference's face region, or "frame".
        face: which face is scored if a clip shows several: "left", "right", "largest", or a number, counted from the
            left; None for the largest and steadiest.
        scorers: your own scores.
        values: numbers to report beside the scores, such as `{"fps": 31.5}`.
        identities: clip id to the person shown; confidence intervals then resample persons instead of clips.
        min_features: minimum number of features per set for a Fréchet distance; None for the feature size + 1, and for
            256 with `fd_expr`.
        gamma: Soft-DTW temperature for trajectories from .npz files, in units of their squared distances.
        noise_floor: number of references to re-encode and score against themselves.

    Returns:
        The results. A clip that can't be scored has status "failed" and a reason; the others are scored all the same.

    Raises:
        JaxevalError: nothing can be scored: a path is missing, a name is unknown, or a folder can't be written. The
            message says what was expected, what was found, and what to do.

    Example:
        >>> import numpy as np, tempfile
        >>> folder = Path(tempfile.mkdtemp())
        >>> for name, late in (("generated", 2), ("reference", 0)):
        ...     np.savez(folder / f"{name}.npz", gaze=np.sin((np.arange(50) - late) / 5), fps=25.0)
        >>> results = score(folder / "generated.npz", folder / "reference.npz")
        >>> round(results.clips[0].scores["lag_ms_gaze"])
        77
    """
    require_jax()
    for scorer in scorers:
        found = f"scorers: expected jaxeval.CustomScore objects, found {type(scorer).__name__}"
        require(isinstance(scorer, CustomScore), f"{found}. Make one of the function.")
    require(region in ("face", "frame"), f"region: expected 'face' or 'frame', found {region!r}. Choose one of them.")
    pairing = _pairing(generated, reference, audio, portrait, out)
    given = {"generated": generated, "reference": reference, "portrait": portrait}
    check_identities(identities or {}, pairing.pairs, "identities")
    settings = Settings(
        protocol=_protocol(protocol),
        region=region,
        face=check_face(face),
        scores=None if scores is None else (scores,) if isinstance(scores, str) else tuple(scores),
        gamma=gamma,
        scorers=tuple(scorers),
        values=dict(values or {}),
        identities=dict(identities or {}),
        min_features=min_features,
        floor=noise_floor,
        names={role: str(path) for role, path in given.items() if isinstance(path, str | PathLike)},
        passed_over=pairing.provenance(),
        open_names=pairing.has_trajectories,
    )
    console = Console(stderr=True) if progress else Console(quiet=True, force_terminal=False)
    return score_pairs(_run(out, settings), pairing.pairs, partial(clip_progress, console))


def score_pairs(run: Run, pairs: Sequence[Pair], watch: Watch) -> Results:
    """Score pairs one after the other.

    Args:
        run: which knows what is asked for, and keeps the records.
        pairs: what to score.
        watch: what reports progress; called once, for the clips and those of the noise floor together.

    Returns:
        The results.
    """
    below = floor_pairs(pairs, run.out / "floor", run.settings.floor, run.settings.protocol.fps)
    every, found = [*pairs, *below], {}
    with watch(len(every)) as shown:
        order = _by_reference(every)
        for number, following in zip(order, (*order[1:], None), strict=True):
            shown.begin(every[number].id)
            scored = run.record if number < len(pairs) else run.floor_record
            then = None if following is None else every[following]
            record, fresh = found[number] = scored(every[number], shown.share, then)
            shown.end(None if record.status == "ok" else record.reason, fresh)
    records = [found[number][0] for number in range(len(every))]
    earlier = sum(not found[number][1] for number in range(len(pairs)))
    document = run_document(run, records[: len(pairs)], records[len(pairs) :])
    return Results(document, run.clip, run.settings.protocol.fps, earlier=earlier, lacking=run.missing)


def _by_reference(pairs: Sequence[Pair]) -> list[int]:
    """The pairs' numbers, those of one reference after each other, for it is read and encoded once."""
    first: dict[tuple[Path | None, Span | None], int] = {}
    places = [first.setdefault((pair.reference, pair.span), number) for number, pair in enumerate(pairs)]
    return sorted(range(len(pairs)), key=places.__getitem__)


def _run(out: File | None, settings: Settings) -> Run:
    """A run; its records are deleted with it unless the user gives a folder."""
    if out is not None:
        return Run(Path(out), settings)
    with ExitStack() as folder:
        run = Run(Path(folder.enter_context(TemporaryDirectory(prefix="jaxeval-"))), settings)
        # The run, which every clip's results hold; the results themselves may be gone while a clip's are in use.
        finalize(run, folder.pop_all().close)
    return run


def _protocol(given: str | Protocol) -> Protocol:
    if isinstance(given, Protocol):
        return given
    if given not in PROTOCOLS:
        raise JaxevalError(f"protocol: expected a known name, found {given!r}. {nearest(str(given), PROTOCOLS)}")
    return PROTOCOLS[given]


def _pairing(generated: Any, reference: Any, audio: File | None, portrait: File | None, out: File | None) -> Pairing:
    """What is to be scored."""
    sound, picture, folder = (None if path is None else Path(path) for path in (audio, portrait, out))
    text = "portrait: expected no reference, found both. Identity is held against one of them; remove the other."
    require(portrait is None or reference is None, text)
    paths = [isinstance(given, str | PathLike) for given in (generated, reference) if given is not None]
    if all(paths):
        return find_pairs(Path(generated), None if reference is None else Path(reference), sound, folder, picture)
    text = "expected generated and reference to be two files, two folders or two sequences"
    require(not any(paths), f"{text}, found only one path. Give both in the same form.")
    text = "audio: expected None with a sequence of pairs, found a path"
    require(audio is None, f"{text}. Give each jaxeval.Pair its own audio.")
    return Pairing(given_pairs(generated, reference, picture), [])
