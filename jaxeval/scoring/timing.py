"""What alignment forgave, in numbers, and the faults of a clip that its scores alone don't name, in words."""

from collections.abc import Sequence
from functools import partial

import jax
import numpy as np

from jaxeval.metrics import temporal_faults as faults
from jaxeval.metrics.lag_summary import Timing, timing
from jaxeval.metrics.registration import Registration, misregistered, registration
from jaxeval.protocol import Protocol
from jaxeval.results.definitions import TIMING
from jaxeval.results.record import Curves
from jaxeval.results.score import score_name
from jaxeval.scoring.aligned_scores import Scored, missing, padded
from jaxeval.scoring.materials import Materials

BEYOND = 0.1
"""A clip is flagged if more than this share of its frames is beyond ±160 ms."""

CODEC_NOISE = {"lpips": 0.01, "st_lpips": 0.006}
"""What a clip coded once more at CRF 18 costs against itself, by perceptual metric: the less of two real ones. For
LPIPS they are 0.010 (the demo's reference) and 0.023 (carphone)."""

FEWEST_TIMED = 20
"""Frames of a clip below which no fault of time can be told."""


def timing_scores(protocol: Protocol, scored: Scored) -> Scored:
    """The clip's own timing: the lag of the metric that the protocol names, and how far its frames are off.

    Args:
        protocol: for the metric and fps.
        scored: what the pair has so far.

    Returns:
        The scores, and a flag if the clip is badly late or early.
    """
    metric = protocol.timing
    lag, spread, *rest = (value.name for value in TIMING.values)
    of_metric = {lag: score_name(metric, "lag"), spread: score_name(metric, "lag_std")}
    found = Scored(
        {name: scored.scores[source] for name, source in of_metric.items() if source in scored.scores},
        {name: scored.missing[source] for name, source in of_metric.items() if source in scored.missing},
    )
    if reason := scored.missing.get(of_metric[lag]):
        return found | missing(rest, reason)
    told = summary(scored.curves[metric], protocol)
    values = (told.beyond_40, told.beyond_80, told.beyond_160, told.drift)
    flags: tuple[str, ...] = ()
    if told.beyond_160 > BEYOND:
        share = f"{100 * told.beyond_160:.0f} % of the frames are more than 160 ms late or early"
        flags = (f"timing: {share} by {metric}; quote a _div only with its lag",)
    return found | Scored(dict(zip(rest, map(float, values), strict=True)), flags=flags)


def summary(curves: Curves, protocol: Protocol) -> Timing:
    """A lag curve in numbers."""
    found = jax.jit(timing)(padded(curves.lag), fps=protocol.fps, length=np.int32(len(curves.lag)))
    return jax.device_get(found)


def fault_flags(materials: Materials, scored: Scored, found: Sequence[float]) -> tuple[str, ...]:
    """What is wrong with the generated clip as a whole: frozen, looped, backwards, static, copied, displaced.

    Without a reference only whether it is frozen, looped or static, within wider limits.

    Told by grey blocks of 8 × 8 pixels of the crops, whole matrices of which cost little; only a copy by the perceptual
    costs. Clips of fewer than 20 frames are too short for anything but their place.

    Args:
        materials: the pair.
        scored: what the pair has so far, with its curves.
        found: how far it is frozen, looped, backwards and static; without a reference, frozen, looped and static; empty
            for short clips.

    Returns:
        Flags, each "code: text".
    """
    if materials.alone:
        return tuple(_flags_alone(*found)) if found else ()
    size = materials.protocol.size
    crops = _spread(materials.x.seen.crops), _spread(materials.y.seen.crops)
    place, displaced = jax.device_get(_registered(*crops, size))
    flags = []
    if displaced:
        flags.append(
            f"misregistered: the generated picture is shifted by {place.dx:+.1f}, {place.dy:+.1f} pixels and scaled by "
            f"{place.scale:.3f}; image and perceptual scores are dominated by this misalignment"
        )
    return (*flags, *_time_flags(*found), *_copy_flags(scored)) if found else tuple(flags)


@partial(jax.jit, static_argnames="size")
def _registered(x: jax.Array, y: jax.Array, size: int) -> tuple[Registration, jax.Array]:
    place = registration(x, y)
    return place, misregistered(place, size, size)


def _time_flags(frozen: float, looped: float, backwards: float, static: float) -> list[str]:
    if static < faults.STATIC:
        return [f"static: the generated clip moves only {100 * static:.1f} % as much as the reference"]
    flags = []
    if frozen > faults.FROZEN:
        flags.append(f"frozen: the picture stands still in {100 * frozen:.0f} % of the clip while the reference moves")
    if looped > faults.LOOPED:
        flags.append(f"looped: the generated clip repeats itself ({looped:.2f}, flagged above {faults.LOOPED})")
    if backwards > faults.REVERSED:
        flags.append(f"reversed: the generated clip matches the reference better when reversed ({backwards:.2f})")
    return flags


def _flags_alone(frozen: float, looped: float, still: float) -> list[str]:
    if still < faults.ALONE_STATIC:
        return ["static: the picture of the generated clip doesn't move"]
    flags = []
    if frozen > faults.ALONE_FROZEN:
        flags.append(f"frozen: the picture stands still in {100 * frozen:.0f} % of the clip")
    if looped > faults.ALONE_LOOPED:
        flags.append(f"looped: the generated clip repeats itself ({looped:.2f}, flagged above {faults.ALONE_LOOPED})")
    return flags


def _copy_flags(scored: Scored) -> list[str]:
    metric = next((name for name in CODEC_NOISE if name in scored.curves), None)
    if metric is None:
        return []
    noise, curves = CODEC_NOISE[metric], scored.curves[metric]
    length = np.int32(len(curves.aligned))
    units = float(jax.jit(faults.copy)(padded(curves.aligned), noise=np.float32(noise), length=length))
    if units >= faults.COPY:
        return []
    return [
        f"copy: aligned, the frames equal the reference's within re-encoding noise ({units:.1f} times that of CRF 18, "
        f"flagged below {faults.COPY}); the clip may be a copy of the reference"
    ]


def _spread(crops: np.ndarray) -> np.ndarray:
    """32 frames from all over the clip, `[32, H, W, 3]` in [0, 1]."""
    return crops[np.linspace(0, len(crops) - 1, 32).round().astype(int)].astype(np.float32) / np.float32(255)
