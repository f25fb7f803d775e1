"""Every score of a pair: one metric after the other, or the reason why it has none."""

from collections.abc import Callable, Mapping, Sequence

import jax
import numpy as np

from jaxeval.protocol import Protocol
from jaxeval.results.definitions import TIMING
from jaxeval.results.metric import Metric
from jaxeval.results.selection import Selection
from jaxeval.scoring.aligned_scores import Costs, Scored, align, by_gamma, framewise, mean, missing
from jaxeval.scoring.beside import beside
from jaxeval.scoring.clip import Clip
from jaxeval.scoring.lags import lag_flags, lip_offset_flags
from jaxeval.scoring.lip_scores import lip_scores, without_unsure_lag
from jaxeval.scoring.materials import NO_REFERENCE, OF_A_FACE, Materials
from jaxeval.scoring.networks import Lacking
from jaxeval.scoring.picture import against_reference, alone, smoothness
from jaxeval.scoring.plan import FAULTS, FAULTS_ALONE, TIME_FAULTS, costs_name, costs_of, measure, own_of
from jaxeval.scoring.timing import FEWEST_TIMED, fault_flags, timing_scores


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
    unheld = _unheld(materials)
    metrics = [metric for metric in selection.metrics if _is_told(metric, selection, unheld)]
    of_pictures = beside(lambda: _picture_scores([metric for metric in metrics if metric.of == "pictures"], x, y))
    there, lacking = _available(materials, [metric for metric in metrics if metric.of != "pictures"], unseen)
    found, costs, faults = _measured(materials, there)
    scored = without_unsure_lag(of_pictures() | found | align(costs, protocol) | lacking)
    scored |= by_gamma(costs, protocol, materials.gammas)
    if TIMING in selection.metrics and not materials.alone:
        scored |= timing_scores(protocol, scored)
    scored = scored.only(lambda name: name not in unheld.missing) | unheld
    scored |= Scored(flags=fault_flags(materials, scored, faults))
    return scored | Scored(flags=lag_flags(protocol, scored) + lip_offset_flags(scored))


def _unheld(materials: Materials) -> Scored:
    """The scores for which there is nothing to hold a clip without a reference against, each with the reason."""
    known, portrait = materials.selection.known, materials.portrait
    if not materials.alone:
        return Scored()
    lacking = {"reference": NO_REFERENCE, "portrait": portrait.reason if portrait else NO_REFERENCE}
    clips = [metric for metric in materials.selection.metrics if metric.per in ("frame", "clip")]
    scores = [known[name] for metric in clips for name in known.scores(metric)]
    return Scored(missing={score.name: reason for score in scores if (reason := lacking.get(score.against))})


def _is_told(metric: Metric, selection: Selection, unheld: Scored) -> bool:
    """Whether a metric of clips has any score that can be told."""
    of_clips = metric.per in ("frame", "clip") and metric is not TIMING
    return of_clips and not unheld.missing.keys() >= set(selection.known.scores(metric))


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


def _available(materials: Materials, metrics: Sequence[Metric], unseen: str | None) -> tuple[list[Metric], Scored]:
    """The metrics that can be computed, and why the others can't."""
    there, lacking, known = [], Scored(), materials.selection.known
    for metric in metrics:
        try:
            if unseen and metric.role in OF_A_FACE:
                raise Lacking(unseen)
            materials.check(metric)
            there.append(metric)
        except Lacking as lack:
            lacking |= missing(known.scores(metric), str(lack))
    voiced = [metric for metric in there if metric.of == "lips and voice"]
    try:
        if voiced:
            materials.check_voice(there)
    except Lacking as lack:
        there = [metric for metric in there if metric not in voiced]
        lacking |= missing([name for metric in voiced for name in known.scores(metric)], str(lack))
    return there, lacking


def _measured(materials: Materials, metrics: Sequence[Metric]) -> tuple[Scored, dict[str, Costs], list[float]]:
    """All numbers but those of alignment, the costs of the metrics to align, and faults of time: by one program."""
    alone = materials.alone
    aligned = [metric for metric in metrics if materials.selection.aligns(metric) and (metric.of_sound or not alone)]
    # The confidence of lip_sync decides whether its lag is told, too.
    wanted = [m for m in metrics if materials.selection.wants(m, aligned=False) or m.name == "lip_sync"]
    by_cost = {metric.name: metric for metric in (*aligned, *wanted) if metric in aligned or metric.is_mean_cost}
    plan = {costs_name(metric): costs_of(metric) for metric in by_cost.values() if metric.distance}
    plan |= {metric.name: own_of(metric, materials.protocol) for metric in wanted if not metric.is_mean_cost}
    if min(materials.x.frames, materials.y.frames) >= FEWEST_TIMED:
        plan[FAULTS] = FAULTS_ALONE if alone else TIME_FAULTS
    seen = {on.encoder: materials.trajectory(on.encoder, metrics) for on in plan.values()}
    found = jax.device_get(measure(tuple(plan.items()), seen)) if plan else {}
    lengths = {name: tuple(map(int, rows.lengths or ())) for name, rows in seen.items()}
    costs = {
        name: materials.perceptual(metric).costs
        if metric.of == "features"
        else found[costs_name(metric)].first(*lengths[metric.of])
        for name, metric in by_cost.items()
    }
    scored = Scored()
    for metric in wanted:
        if metric.is_mean_cost:
            scored |= framewise(metric.name, costs[metric.name])
        elif metric.per == "frame":
            scored |= _mean_score(metric.name, found[metric.name][: min(lengths[metric.of])])
        elif metric.name == "lip_sync":
            scored |= lip_scores(found[metric.name], materials.own_sound, materials.protocol.fps)
        else:
            scored |= _clip_scores(metric, found[metric.name], materials.protocol)
    return scored, {metric.name: costs[metric.name] for metric in aligned}, list(map(float, found.get(FAULTS, ())))


def _clip_scores(metric: Metric, values: Sequence[np.ndarray], protocol: Protocol) -> Scored:
    """The few numbers that a metric gives for a clip; offsets come in frames."""
    units = {value.name: 1000 / protocol.fps if value.unit == "ms" else 1.0 for value in metric.values}
    told = {name: float(value) * unit for (name, unit), value in zip(units.items(), values, strict=True)}
    lacking = [name for name, value in told.items() if np.isnan(value)]
    return Scored({name: value for name, value in told.items() if name not in lacking}) | missing(
        lacking, metric.undefined
    )


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
