"""Flags that warn of the numbers beside them."""

from jaxeval.results.catalogue import Catalogue
from jaxeval.results.document import Row
from jaxeval.results.score import Score

TIME_FLAGS = ("timing", "frozen", "looped", "reversed", "static", "lags disagree", "lip offset")
"""Flags of faults that alignment forgives or lag_ms doesn't show, so that a `_div` or lag beside them misleads."""


TRUSTED = 0.6
"""A lag of at least this support, see `jaxeval.metrics.lag_support`, can be relied on. On the demo's face and a real
one the lags of clips in time or 160 ms late had 0.9 to 1, blurred too 0.67 to 0.83 where they were right; those that a
blurred late clip reads as 0 had -0.8 to 0.1. Of 180 pairs of random walks without any relation 4 reached it."""


def time_flags(row: Row) -> list[str]:
    """A clip's flags that warn of its `_div`, whole.

    Example:
        >>> time_flags(Row(id="a", flags=("timing: 30 % of the frames", "resized: 64x64")))
        ['timing: 30 % of the frames']
    """
    return [flag for flag in row.flags if flag.partition(":")[0] in TIME_FLAGS]


def is_doubtful(row: Row, score: Score, known: Catalogue) -> bool:
    """Whether a lag is one that the costs leave open, or speak against: its support is known and too small.

    Args:
        row: the clip.
        score: the lag; any other score is never doubtful.
        known: the document's scores.

    Example:
        >>> from jaxeval.results.catalogue import catalogue
        >>> row, known = Row(id="a", lag_support={"lpips": -0.8, "expr": 0.9}), catalogue({}, "lpips")
        >>> [is_doubtful(row, known[name], known) for name in ("lag_ms", "lag_ms_expr", "psnr")]
        [True, False, False]
    """
    support = row.lag_support.get(known.source(score)) if score.form == "lag" else None
    return support is not None and support < TRUSTED
