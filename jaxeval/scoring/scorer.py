"""One pair of files to one record: what the command does for each clip, and what it says when it can't."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import jax
import numpy as np
from PIL import Image

from jaxeval.errors import JaxevalError, printable, require
from jaxeval.protocol import Protocol
from jaxeval.results.record import ClipRecord, Strip
from jaxeval.results.selection import Selection, select
from jaxeval.scoring.aligned_scores import missing
from jaxeval.scoring.clip import Clip
from jaxeval.scoring.custom import CustomScore, custom_scores
from jaxeval.scoring.flags import flags_of
from jaxeval.scoring.loading import Loader
from jaxeval.scoring.lpips_costs import FeatureBlocks
from jaxeval.scoring.materials import Materials
from jaxeval.scoring.metric_groups import pair_scores
from jaxeval.scoring.networks import Networks
from jaxeval.scoring.pairing import Pair
from jaxeval.scoring.portrait import Portrait
from jaxeval.scoring.sets import set_features
from jaxeval.scoring.sound import Sound, sound_of
from jaxeval.scoring.trajectory_files import SUFFIX, trajectory_scores

Progress = Callable[[float], None]

_THUMBNAILS = 10
_THUMBNAIL = 112
# About how much of the work on a pair is done when its files have been read; the LPIPS network takes the rest.
_BOTH_READ = 0.65


class Scorer:
    """Scores pairs under one protocol; the networks, and the last reference, are kept from one pair to the next.

    Args:
        protocol: the protocol.
        region: "face" for the reference's face window, "frame" for whole frames.
        gamma: Soft-DTW's temperature for trajectories that come in files and that the protocol doesn't know.
        scorers: the user's own.
        selection: the scores to compute; all of the protocol's and the user's own if None.
        face: which face is scored where there are several, see `check_face`.
        gammas: multiples of each metric's γ at which its `_div` is computed too.
        kept_in: folder for what is small and made of references, from which later runs begin; None to keep none.

    Example:
        >>> from pathlib import Path
        >>> from jaxeval.protocol import JAXEVAL_V1
        >>> record = Scorer(JAXEVAL_V1).score(Pair("a", Path("missing.mp4"), Path("missing.mp4")))
        >>> record.status
        'failed'
    """

    def __init__(
        self,
        protocol: Protocol,
        region: str = "face",
        gamma: float = 0.01,
        scorers: Sequence[CustomScore] = (),
        selection: Selection | None = None,
        face: str | None = None,
        gammas: Sequence[float] = (),
        kept_in: Path | None = None,
    ) -> None:
        self.protocol, self.region, self._gamma, self._gammas = protocol, region, gamma, tuple(gammas)
        self.selection = selection or select(protocol, own=[scorer.metric for scorer in scorers])
        self.scorers = [scorer for scorer in scorers if self.selection.keeps(scorer.name)]
        self.networks = Networks(protocol, self.selection.encoders)
        inputs = {"protocol": protocol.as_dict(), "weights": self.networks.weights} | software() if kept_in else {}
        self._loader = Loader(self.networks, protocol, region, face, kept_in, inputs)
        self._blocks: dict[str, FeatureBlocks] = {}

    def load(self) -> None:
        """Load every encoder of the protocol that is there.

        Raises:
            JaxevalError: one is damaged, or one that finds faces is missing.
        """
        self.networks.load()

    def score(
        self, pair: Pair, progress: Progress = lambda fraction: None, following: Pair | None = None
    ) -> ClipRecord:
        """One pair's record.

        Args:
            pair: the files.
            progress: called with the share of the work that is done, in [0, 1].
            following: the next pair, whose files are decoded while this one is computed.

        Returns:
            The record; status "failed" with a one-line reason if a file can't be used.
        """
        try:
            record = self._score(pair, progress, following)
        except JaxevalError as error:
            record = ClipRecord(pair.id, "failed", str(error))
        # Reasons and flags name files, whose names may be no UTF-8.
        return replace(
            record,
            reason=record.reason and printable(record.reason),
            flags=tuple(map(printable, record.flags)),
            missing={name: printable(reason) for name, reason in record.missing.items()},
        )

    def _score(self, pair: Pair, progress: Progress, following: Pair | None) -> ClipRecord:
        _check_there(pair)
        if any(path and path.suffix.lower() == SUFFIX for path in (pair.generated, pair.reference)):
            return self._score_trajectories(pair)
        return self._score_videos(pair, progress, following)

    def _score_videos(self, pair: Pair, progress: Progress, following: Pair | None) -> ClipRecord:
        x, y, portrait, found = self._loaded(pair, _part(progress, 0, _BOTH_READ))
        progress(_BOTH_READ)
        if following:
            self._loader.read_ahead(following.generated, following.reference, following.span)
        clips = (x, y) if y else (x,)
        sound = sound_of(pair.audio, clips, pair.span)
        flags = (*flags_of(x, y), *found, *sound.flags)
        record = ClipRecord(pair.id, "ok", None, (x.frames, y.frames if y else None), flags=flags)
        record = replace(record, generated=_strip(x), **_beside(pair, x, y, portrait, self.protocol.fps))
        faceless = next((_faceless(clip) for clip in reversed(clips) if clip.path is None), None)
        if faceless and self.region == "face":
            return replace(record, status="failed", reason=f"{faceless}; --region frame scores whole frames")
        rest, own = _part(progress, _BOTH_READ, 1), _own_sound(pair, y)
        how = (self.protocol, self.selection, self.networks)
        materials = Materials(*how, x, y or x, sound, self._blocks, rest, own, portrait, self._gammas)
        scored = pair_scores(materials, faceless).only(self.selection.keeps)
        scored |= custom_scores(self.scorers, x.seen.crops, self.protocol.fps)
        return replace(record, **vars(scored) | {"flags": flags + scored.flags, "features": set_features(materials)})

    def _loaded(self, pair: Pair, progress: Progress) -> tuple[Clip, Clip | None, Portrait | None, tuple[str, ...]]:
        if pair.reference is None:
            x, portrait, flags = self._loader.load_alone(pair.generated, pair.portrait, progress)
            return x, None, portrait, flags
        x, y, flags = self._loader.load(pair.generated, pair.reference, progress, pair.span)
        return x, y, None, flags

    def _score_trajectories(self, pair: Pair) -> ClipRecord:
        generated, reference = pair.generated, pair.reference
        if reference is None:
            raise JaxevalError(f"{generated}: expected a reference for trajectories (.npz), found none; give one.")
        for path, other in ((generated, reference), (reference, generated)):
            text = f"{path}: expected trajectories (.npz) as in {other.name}, found a video"
            require(path.suffix.lower() == SUFFIX, f"{text}; give two files of the same kind.")
        how = (self.protocol, self._gamma, pair.span, self._gammas)
        scored, names, frames, fps = trajectory_scores(generated, reference, *how)
        own = [scorer.name for scorer in self.scorers]
        for name in own:
            text = f"{generated}: expected trajectory names that no scorer has, found {name}; rename one."
            require(name not in scored.scores | scored.missing, text)
        chosen = self.selection.names or ()
        unseen = [name for name in chosen if name in self.selection.known and name not in scored.scores]
        scored |= missing([*own, *unseen], "needs video frames; this pair has only trajectories")
        kept = vars(scored.only(self.selection.keeps))
        return ClipRecord(pair.id, "ok", None, frames, **kept, fps=fps, trajectories=names)


def software() -> dict[str, Any]:
    """What computes: versions, and the device."""
    versions = {name: version(name) for name in ("jaxeval", "jax", "jaxlib", "flax", "numpy", "av", "pillow")}
    return {"software": versions, "device": f"{jax.default_backend()} ({jax.devices()[0].device_kind})"}


def _part(progress: Progress, first: float, last: float) -> Progress:
    """Reports a part of the work, from one share to another of the whole."""
    return lambda done: progress(first + (last - first) * done)


def _check_there(pair: Pair) -> None:
    for role, path in (("generated", pair.generated), ("reference", pair.reference)):
        text = f"{pair.id}: expected two clips, found no {role} clip at {path}; add it, or remove its partner."
        require(path is None or pair.reference is None or path.exists(), text)
    text = f"{pair.portrait}: expected a portrait, found no such file; add it, or remove its clip."
    require(pair.portrait is None or pair.portrait.exists(), text)


def _beside(pair: Pair, x: Clip, y: Clip | None, portrait: Portrait | None, fps: float) -> dict[str, Any]:
    """What is drawn beside the generated clip: the reference with its sound, or the portrait with the clip's own."""
    main = y or x
    loudness = sound_of(pair.audio, (y, x) if y else (x,), pair.span).loudness(fps, main.frames)
    picture = None if portrait is None else Strip(np.zeros(1, int), _thumbnails(portrait.crop[None]))
    return {"reference": None if y is None else _strip(y), "audio": loudness, "portrait": picture}


def _own_sound(pair: Pair, y: Clip | None) -> Sound:
    """The reference's."""
    if y is None:
        return Sound(None, "there is none")
    own = sound_of(None, (y,))
    return own if own.samples is not None else sound_of(pair.audio, (y,), pair.span)


def _faceless(clip: Clip) -> str:
    return f"no face found in the {clip.role} clip {clip.name} ({clip.frames} frames searched)"


def _strip(clip: Clip) -> Strip:
    frames = np.unique(np.linspace(0, clip.frames - 1, _THUMBNAILS).round().astype(int))
    return Strip(frames, _thumbnails(clip.seen.crops[frames]))


def _thumbnails(crops: np.ndarray) -> np.ndarray:
    return np.stack([np.asarray(Image.fromarray(crop).resize((_THUMBNAIL, _THUMBNAIL))) for crop in crops])
