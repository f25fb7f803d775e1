"""Every score of a pair: one metric after the other, or the reason why it has none."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np

from jaxeval.results.definitions import TIMING
from jaxeval.results.metric import Metric
from jaxeval.scoring.aligned_scores import Scored, align, framewise, mean, missing, padded
from jaxeval.scoring.ingest import Clip
from jaxeval.scoring.lags import lag_flags
from jaxeval.scoring.materials import Materials
from jaxeval.scoring.networks import Lacking
from jaxeval.scoring.picture import against_reference, alone, function_of, smoothness
from jaxeval.scoring.timing import fault_flags, timing_scores

OF_A_FACE = ("identity", "motion", "landmarks", "sync")
"""Roles of the encoders that look at a face."""


def pair_scores(materials: Materials, faceless: str | None) -> Scored:
    """All scores that are asked for.

    Args:
        materials: the pair.
        faceless: why scores of faces are missing, if one clip has none.

    Returns:
        Numbers, and reasons for those that are missing.
    """
    selection, protocol, x, y = materials.selection, materials.protocol, materials.x, materials.y
    unseen = faceless or next((gap for clip in (y, x) if (gap := _gap(materials, clip))), None)
    metrics = [metric for metric in selection.metrics if metric.per in ("frame", "clip") and metric is not TIMING]
    scored = _picture_scores([metric for metric in metrics if metric.of == "pictures"], x, y)
    for metric in (metric for metric in metrics if metric.of != "pictures"):
        scored |= _scores(materials, metric, unseen)
    if TIMING in selection.metrics:
        scored |= timing_scores(protocol, scored)
    scored |= Scored(flags=fault_flags(materials, scored))
    return scored | Scored(flags=lag_flags(protocol, scored))


def _gap(materials: Materials, clip: Clip) -> str | None:
    """Why a clip's face can't be followed, if it can't."""
    if clip.path is None:
        return None
    track, limit = clip.path.track, round(materials.protocol.longest_gap * materials.protocol.fps)
    if track.longest_gap <= limit:
        return None
    return (
        f"no face in {track.longest_gap} consecutive frames of the {clip.role} clip {clip.name}, "
        f"more than the {limit} that can be interpolated"
    )


def _scores(materials: Materials, metric: Metric, unseen: str | None) -> Scored:
    """One metric's scores, or the reason why there are none."""
    selection = materials.selection
    try:
        if unseen and metric.role in OF_A_FACE:
            raise Lacking(unseen)
        scored = Scored()
        if selection.wants(metric, aligned=False):
            scored |= _own_scores(materials, metric)
        if selection.aligns(metric):
            scored |= align(metric.name, materials.costs(metric), materials.protocol)
        return scored
    except Lacking as lack:
        return missing(selection.known.scores(metric), str(lack))


def _own_scores(materials: Materials, metric: Metric) -> Scored:
    """All of a metric's numbers but those of alignment."""
    if metric.of.startswith("lips"):
        return Scored(materials.lips(metric).values)
    if metric.is_mean_cost:
        return framewise(metric.name, materials.costs(metric))
    if metric.per == "frame":
        return _frame_scores(metric, materials.rows(metric)[: 2 if metric.reference else 1])
    return _clip_scores(materials, metric)


def _frame_scores(metric: Metric, rows: Sequence[np.ndarray]) -> Scored:
    """The mean of a function of frame t of both clips, over the frames that both have; or of one clip's frames."""
    common = min(map(len, rows))
    values = np.asarray(jax.jit(function_of(metric))(*(padded(part[:common]) for part in rows)))[:common]
    return Scored({metric.name: mean(values)}, per_frame={metric.name: values})


def _clip_scores(materials: Materials, metric: Metric) -> Scored:
    """A function of whole clips, which gives one number or several."""
    rows = materials.rows(metric)
    clips = (materials.x, materials.y)[: 2 if metric.reference or metric.both else 1]
    if min(clip.frames for clip in clips) < metric.least:
        raise Lacking(f"fewer than {metric.least} frames")
    fps = materials.protocol.fps if metric.timed else None
    calls = [rows] if metric.reference else [(part,) for part in rows[: len(clips)]]
    values = [
        float(value)
        for parts in calls
        for value in jax.tree.leaves(_clip(function_of(metric), tuple(map(padded, parts)), _lengths(parts), fps))
    ]
    told = dict(zip((value.name for value in metric.values), values, strict=True))
    lacking = [name for name, value in told.items() if np.isnan(value)]
    return Scored({name: value for name, value in told.items() if name not in lacking}) | missing(
        lacking, metric.undefined
    )


def _lengths(parts: Sequence[np.ndarray]) -> tuple[jax.Array, ...]:
    return tuple(jnp.int32(len(part)) for part in parts)


@partial(jax.jit, static_argnames=("function", "fps"))
def _clip(function: Callable, rows: tuple[jax.Array, ...], lengths: tuple[jax.Array, ...], fps: float | None) -> object:
    timed = {} if fps is None else {"fps": fps}
    if len(rows) == 1:
        return function(*rows, length=lengths[0], **timed)
    return function(*rows, lengths=lengths, **timed)


def _picture_scores(metrics: list[Metric], x: Clip, y: Clip) -> Scored:
    """Metrics of pictures, which are computed together: they share what they read."""
    by_frame = [metric for metric in metrics if metric.per == "frame"]
    both, one = ([m for m in by_frame if m.reference == needed] for needed in (True, False))
    values = against_reference(both, x.seen.crops, y.seen.crops) if both else {}
    values |= alone(one, x.seen.crops) if one else {}
    scored = Scored()
    for name, rows in values.items():
        scored |= _SPECIAL.get(name, _mean_score)(name, rows)
    for metric in metrics:
        scored |= _smooth_score(metric, x) if metric.per == "clip" else Scored()
    return scored


def _mean_score(name: str, values: np.ndarray) -> Scored:
    return Scored({name: mean(values)}, per_frame={name: values})


def _psnr_score(name: str, decibels: np.ndarray) -> Scored:
    """Over the frames that differ: of identical ones it is infinite."""
    count, differ = len(decibels), decibels[~np.isinf(decibels)]
    same = f"identical frames: {count - len(differ)} of {count}"
    if not len(differ):
        return missing([name], same)
    same = f"{same} frames excluded from psnr"
    flags = () if len(differ) == count else (same,)
    return Scored({name: mean(differ)}, flags=flags, per_frame={name: decibels})


_SPECIAL: Mapping[str, Callable[[str, np.ndarray], Scored]] = {"psnr": _psnr_score}


def _smooth_score(metric: Metric, x: Clip) -> Scored:
    try:
        return Scored({metric.name: mean(smoothness(x.seen.crops))})
    except Lacking as lack:
        return missing([metric.name], str(lack))
