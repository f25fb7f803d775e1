"""One pair of files to one record: what the command does for each clip, and what it says when it can't."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from PIL import Image

from jaxeval.errors import JaxevalError, printable
from jaxeval.media.audio import loudness_envelope, read_audio
from jaxeval.media.container import NoAudioError
from jaxeval.media.crops import Window
from jaxeval.media.video import Video
from jaxeval.scoring.lpips_costs import FeatureBlocks
from jaxeval.scoring.pair import Scored, face_names, face_scores, image_scores, missing, perceptual_scores
from jaxeval.scoring.protocol import Protocol
from jaxeval.scoring.record import ClipRecord, Strip
from jaxeval.scoring.trajectories import FacePath, Networks, Trajectories, find_face, reference_window, trajectories

Progress = Callable[[float], None]

_THUMBNAILS = 10
_THUMBNAIL = 112
_SAMPLE_RATE = 16000
# About how much of the work on a pair is done when its files have been read: the LPIPS network takes the rest.
_REFERENCE_READ, _BOTH_READ = 0.1, 0.2


@dataclass(frozen=True)
class Pair:
    """What is to be compared.

    Attributes:
        id: the row's name.
        generated: video file; None if there is none of that name.
        reference: video file; None likewise.
        audio: a sound file that stands for the pair's own sound, or None.
    """

    id: str
    generated: Path | None
    reference: Path | None
    audio: Path | None = None


@dataclass(frozen=True)
class _Clip:
    """One video with its face and what the metrics look at."""

    role: str
    video: Video
    path: FacePath | None
    window: Window
    seen: Trajectories

    @property
    def frames(self) -> int:
        return len(self.seen.crops)

    @property
    def size(self) -> tuple[int, int]:
        return self.video.width, self.video.height


class Scorer:
    """Scores pairs under one protocol; the networks, and the last reference, are kept from one pair to the next.

    Args:
        protocol: the protocol.
        region: "face" for the reference's face window, "frame" for whole frames.

    Example:
        >>> from pathlib import Path
        >>> from jaxeval.scoring.protocol import JAXEVAL_V1
        >>> record = Scorer(JAXEVAL_V1).score(Pair("a", Path("missing.mp4"), Path("missing.mp4")))
        >>> record.status
        'failed'
    """

    def __init__(self, protocol: Protocol, region: str = "face") -> None:
        self.protocol, self.region = protocol, region
        self._networks = Networks(protocol)
        self._blocks: FeatureBlocks | None = None
        self._reference: _Clip | None = None

    def load(self) -> None:
        """Load every encoder of the protocol.

        Raises:
            JaxevalError: one is missing or damaged.
        """
        self._networks.load()

    def score(self, pair: Pair, progress: Progress = lambda fraction: None) -> ClipRecord:
        """One pair's record.

        Args:
            pair: the files.
            progress: called with the share of the work that is done, in [0, 1].

        Returns:
            The record; status "failed" with a one-line reason if a file can't be used.
        """
        try:
            record = self._score(pair, progress)
        except JaxevalError as error:
            record = ClipRecord(pair.id, "failed", str(error))
        return replace(
            record, reason=record.reason and printable(record.reason), flags=tuple(map(printable, record.flags))
        )

    def _score(self, pair: Pair, progress: Progress) -> ClipRecord:
        generated = _existing(pair.id, pair.generated, "generated")
        reference = _existing(pair.id, pair.reference, "reference")
        y = self._load_reference(reference)
        progress(_REFERENCE_READ)
        x = self._load("generated", Video(generated, self.protocol.fps), y)
        progress(_BOTH_READ)
        audio, silent = _sound(pair.audio, (y, x), self.protocol.fps)
        flags = (*_flags(x, y), *silent)
        frames = (x.frames, y.frames)
        record = ClipRecord(pair.id, "ok", None, frames, {}, {}, flags, {}, _strip(x), _strip(y), audio)
        faceless = next((_faceless(clip) for clip in (y, x) if clip.path is None), None)
        if faceless and self.region == "face":
            return replace(record, status="failed", reason=f"{faceless}; --region frame scores whole frames")
        scored = self._scores(x, y, faceless, lambda done: progress(_BOTH_READ + (1 - _BOTH_READ) * done))
        return replace(record, **vars(scored))

    def _load_reference(self, path: Path) -> _Clip:
        """The reference's clip; the last one is kept, for many methods are held against one reference."""
        if self._reference is None or self._reference.video.path != str(path):
            self._reference = None
            self._reference = self._load("reference", Video(path, self.protocol.fps), None)
        return self._reference

    def _load(self, role: str, video: Video, reference: _Clip | None) -> _Clip:
        path = find_face(self._networks, video, self.protocol)
        if reference is None:
            window = reference_window(video, path if self.region == "face" else None, self.protocol)
            size = (video.width, video.height)
        else:
            window, size = reference.window, reference.size
        seen = trajectories(self._networks, video, path, window, size, self.protocol.size)
        return _Clip(role, video, path, window, seen)

    def _scores(self, x: _Clip, y: _Clip, faceless: str | None, progress: Progress) -> Scored:
        if self._blocks is None:
            self._blocks = FeatureBlocks(self._networks.perceptual)
        a, b = ((f"{clip.role} {clip.video.path} {clip.window}", clip.seen.crops) for clip in (x, y))
        scored = image_scores(x.seen.crops, y.seen.crops)
        scored |= perceptual_scores(self._blocks, self.protocol, a, b, progress)
        self._blocks.drop(a[0])
        unseen = faceless or next((gap for clip in (y, x) if (gap := self._gap(clip))), None)
        if unseen or x.seen.face is None or y.seen.face is None:
            return self._with_lag(scored | missing(face_names(), unseen or ""))
        stretch = np.array([y.size[0] / x.size[0], y.size[1] / x.size[1], np.sqrt(np.prod(y.size) / np.prod(x.size))])
        faces = face_scores(self._networks.landmarks, self.protocol, x.seen.face, y.seen.face, stretch)
        return self._with_lag(scored | faces)

    def _gap(self, clip: _Clip) -> str | None:
        """Why a clip's face can't be followed, if it can't."""
        assert clip.path is not None
        track, limit = clip.path.track, round(self.protocol.longest_gap * self.protocol.fps)
        if track.longest_gap <= limit:
            return None
        return (
            f"no face in {track.longest_gap} consecutive frames of the {clip.role} clip {Path(clip.video.path).name}, "
            f"more than the {limit} that are interpolated"
        )

    def _with_lag(self, scored: Scored) -> Scored:
        """`lag_ms` and `lag_std_ms` are those of the metric that the protocol names."""
        for name in ("lag_ms", "lag_std_ms"):
            source = f"{name}_{self.protocol.timing}"
            if source in scored.scores:
                scored.scores[name] = scored.scores[source]
            else:
                scored.missing[name] = scored.missing[source]
        return scored


def _existing(pair: str, path: Path | None, role: str) -> Path:
    if path is None:
        raise JaxevalError(f"{pair}: no {role} clip of this name; add it, or remove its partner.")
    return path


def _faceless(clip: _Clip) -> str:
    return f"no face found in the {clip.role} clip {Path(clip.video.path).name} (in none of {clip.frames} frames)"


def _sound(given: Path | None, clips: Sequence[_Clip], fps: float) -> tuple[np.ndarray | None, tuple[str, ...]]:
    """The sound's envelope for the pictures, as long as the first clip, and a flag if there is none.

    A sound file that was given must be readable; without one, the first clip that has sound lends its own.
    """
    count = clips[0].frames
    if given is not None and not given.exists():
        return None, (f"no sound: there is no sound of this name in {given.parent}",)
    if given is not None:
        return _loudness(given, fps, count), ()
    reasons = []
    for clip in clips:
        try:
            return _loudness(Path(clip.video.path), fps, count, clip.video.info.start_s), ()
        except NoAudioError:
            reasons.append(f"{Path(clip.video.path).name} has no sound stream")
        except JaxevalError as error:
            reasons.append(str(error))
    return None, ("no sound: " + "; ".join(dict.fromkeys(reasons)),)


def _loudness(path: Path, fps: float, count: int, picture_start: float | None = None) -> np.ndarray:
    """Loudness of `count` frames from the first picture on; without a picture, from the sound's own beginning."""
    samples, start = read_audio(path, _SAMPLE_RATE)
    shift = 0 if picture_start is None else round((start - picture_start) * _SAMPLE_RATE)
    samples = np.concatenate([np.zeros(max(shift, 0), samples.dtype), samples[max(-shift, 0) :]])
    loudness = loudness_envelope(samples, _SAMPLE_RATE, fps, count)
    return loudness / max(float(loudness.max()), 1e-6)


def _flags(x: _Clip, y: _Clip) -> tuple[str, ...]:
    """What a reader of the row must know."""
    flags = []
    for clip in (x, y):
        if clip.video.info.damage:
            flags.append(f"damaged: {clip.role}: {clip.video.info.damage}")
        if clip.path is not None and not clip.path.track.found.all():
            found, gap = clip.path.track.found, clip.path.track.longest_gap
            flags.append(f"face gaps: {clip.role}: a face in {found.sum()} of {len(found)} frames, longest gap {gap}")
        if clip.seen.face is not None and not clip.seen.face.sure.all():
            unsure = f"{(~clip.seen.face.sure).sum()} of {clip.frames} frames"
            flags.append(f"face unclear: {clip.role}: in {unsure} the mesh is unsure; csim, pose and expr are doubtful")
    if x.size != y.size:
        flags.append(f"resized: generated {_by(x.size)} to the reference's {_by(y.size)}")
    if abs(x.video.info.source_fps - y.video.info.source_fps) > 0.01:
        flags.append(
            f"frame rates: generated {x.video.info.source_fps:.3g} fps, reference "
            f"{y.video.info.source_fps:.3g} fps, both brought to {x.video.fps:.3g}"
        )
    if x.frames != y.frames:
        flags.append(
            f"lengths: generated {x.frames} frames, reference {y.frames}: frame-wise scores over the first "
            f"{min(x.frames, y.frames)}, aligned scores over both wholes"
        )
    return tuple(flags)


def _by(size: tuple[int, int]) -> str:
    return f"{size[0]}x{size[1]}"


def _strip(clip: _Clip) -> Strip:
    frames = np.unique(np.linspace(0, clip.frames - 1, _THUMBNAILS).round().astype(int))
    images = [np.asarray(Image.fromarray(clip.seen.crops[k]).resize((_THUMBNAIL, _THUMBNAIL))) for k in frames]
    return Strip(frames, np.stack(images))
