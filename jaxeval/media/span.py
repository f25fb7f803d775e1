"""A part of a clip, in seconds."""

from fractions import Fraction

from jaxeval.errors import require

Span = tuple[float, float | None]
"""From when to when, in seconds after the first picture, or a sound file's first sample; None for its end."""

WHOLE: Span = (0.0, None)

_FINEST = 10**6


def checked_span(start: float | None, end: float | None, where: object) -> Span | None:
    """A part of a clip; None for the whole.

    Args:
        start: seconds; None for the clip's beginning.
        end: seconds; None for its end.
        where: what names the part, which an error's text begins with.

    Raises:
        JaxevalError: it begins before the clip, or ends before it begins.

    Example:
        >>> checked_span(None, 10, "a"), checked_span(None, None, "a")
        ((0.0, 10.0), None)
    """
    first = 0.0 if start is None else float(start)
    text = f"{where}: expected a part that begins at 0 s or later and ends after it begins, found {first:g} to"
    wanted = 0 <= first < (float("inf") if end is None else end) and end != float("inf")
    require(wanted, f"{text} {'the end' if end is None else f'{end:g}'}. Correct start or end.")
    return None if start is None and end is None else (first, None if end is None else float(end))


def exact(seconds: float) -> Fraction:
    """Seconds to the microsecond, for times that are compared with a file's exact ones.

    Example:
        >>> exact(0.1)
        Fraction(1, 10)
    """
    return Fraction(seconds).limit_denominator(_FINEST)


def words(span: Span) -> str:
    """A part for a reader.

    Example:
        >>> words((4.0, 10.0)), words((4.0, None))
        ('4–10 s', '4 s to the end')
    """
    start, end = span
    return f"{start:g} s to the end" if end is None else f"{start:g}–{end:g} s"
