"""Which lag to rely on: every aligned metric has one, and they need not agree."""

from jaxeval.protocol import Protocol
from jaxeval.results.flags import TRUSTED
from jaxeval.results.score import score_name
from jaxeval.scoring.aligned_scores import Scored

APART_MS = 80.0
"""Milliseconds by which lags of one clip may differ: two frames at 25 fps."""

LIPS_APART_MS = 60.0
"""Milliseconds by which the mouth's offset from its sound may differ from the reference's: each is right within 40."""

_OF_THE_FACE = ("csim", "pose", "expr")


def lag_flags(protocol: Protocol, scored: Scored) -> tuple[str, ...]:
    """A flag if a well supported lag of the face differs from `lag_ms`, whose metric may have missed it.

    `lag_ms` follows the picture. It can read 0 for a clip that is late and blurred, because every cell of the costs is
    high; and it misses a mouth that is early in a face that isn't.

    Args:
        protocol: for the metric that gives `lag_ms`.
        scored: the pair's scores, with the support of their lags.

    Returns:
        One flag, "code: text", or none.

    Example:
        >>> from jaxeval.protocol import JAXEVAL_V1
        >>> scores = {"lag_ms_lpips": 0.0, "lag_ms_expr": 150.0, "lag_std_ms_expr": 30.0}
        >>> lag_flags(JAXEVAL_V1, Scored(scores, support={"lpips": -0.8, "expr": 0.9}))
        ('lags disagree: lpips +0 ms is poorly supported (−0.80), expr +150 ± 30 ms well: rely on the latter',)
    """
    headline = protocol.timing
    if (lag := _lag(headline, scored)) is None:
        return ()
    others = [name for name in _OF_THE_FACE if _disagrees(name, lag, scored)]
    if not others:
        return ()
    told, support = ", ".join(_words(name, scored) for name in others), scored.support.get(headline, 0.0)
    if support >= TRUSTED:
        text = f"{_words(headline, scored)} and {told} ms are all well supported: quote them side by side"
    else:
        against = f"{support:.2f}".replace("-", "−")
        text = f"{_words(headline, scored)} ms is poorly supported ({against}), {told} ms well: rely on the latter"
    return (f"lags disagree: {text}",)


def lip_offset_flags(scored: Scored) -> tuple[str, ...]:
    """A flag if the mouth is farther off its sound than the reference's is: alignment forgives that to the picture.

    Args:
        scored: the pair's scores.

    Returns:
        One flag, "code: text", or none where either offset is missing.

    Example:
        >>> lip_offset_flags(Scored({"lip_sync_offset_ms": -92.0, "lip_sync_offset_ms_reference": -13.0}))
        ('lip offset: the mouth is 79 ms early against its sound, beside the reference (−92 and −13 ms)',)
    """
    names = ("lip_sync_offset_ms", "lip_sync_offset_ms_reference")
    own, reference = (scored.scores.get(name) for name in names)
    if own is None or reference is None or abs(own - reference) <= LIPS_APART_MS:
        return ()
    way = "late" if own > reference else "early"
    both = f"({own:+.0f} and {reference:+.0f} ms)".replace("-", "−")
    return (
        f"lip offset: the mouth is {abs(own - reference):.0f} ms {way} against its sound, beside the reference {both}",
    )


def _lag(metric: str, scored: Scored) -> float | None:
    return scored.scores.get(score_name(metric, "lag"))


def _disagrees(metric: str, headline: float, scored: Scored) -> bool:
    """Whether a metric's lag is well supported, and another one than the clip's."""
    lag = _lag(metric, scored)
    return lag is not None and scored.support.get(metric, -1.0) >= TRUSTED and abs(lag - headline) > APART_MS


def _words(metric: str, scored: Scored) -> str:
    lag, spread = _lag(metric, scored), scored.scores.get(score_name(metric, "lag_std"))
    return f"{metric} {lag:+.0f}".replace("-", "−") + ("" if spread is None else f" ± {spread:.0f}")
