"""Flags that warn of the numbers beside them."""

from collections.abc import Mapping

TIME_FLAGS = ("timing", "frozen", "looped", "reversed", "static", "lags disagree")
"""Flags of faults that alignment forgives or lag_ms doesn't show, so that a `_div` or lag beside them misleads."""


TRUSTED = 0.6
"""A lag of at least this support, see `jaxeval.metrics.lag_support`, can be relied on. On the demo's face and a real
one the lags of clips in time or 160 ms late had 0.9 to 1, blurred too 0.67 to 0.83 where they were right; those that a
blurred late clip reads as 0 had -0.8 to 0.1. Of 180 pairs of random walks without any relation 4 reached it."""


def time_flags(clip: Mapping) -> list[str]:
    """A clip's flags that warn of its `_div`.

    Args:
        clip: a row of the document.

    Returns:
        Those flags, whole.

    Example:
        >>> time_flags({"flags": ["timing: 30 % of the frames", "resized: 64x64"]})
        ['timing: 30 % of the frames']
    """
    return [flag for flag in clip.get("flags", ()) if flag.partition(":")[0] in TIME_FLAGS]


def is_doubtful(row: Mapping, score: str, timing: str | None) -> bool:
    """Whether a lag is one that the costs leave open, or speak against.

    Args:
        row: of the document.
        score: name of the lag, `lag_ms` or `lag_ms_METRIC`; any other is never doubtful.
        timing: the metric whose lag is `lag_ms`.

    Returns:
        True if its support is known and too small.

    Example:
        >>> row = {"lag_support": {"st_lpips": -0.8, "expr": 0.9}}
        >>> [is_doubtful(row, name, "st_lpips") for name in ("lag_ms", "lag_ms_expr", "psnr")]
        [True, False, False]
    """
    if not score.startswith("lag_ms"):
        return False
    metric = score.removeprefix("lag_ms_") if score != "lag_ms" else timing
    support = row.get("lag_support", {}).get(metric)
    return support is not None and support < TRUSTED
