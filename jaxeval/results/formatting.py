"""How a score's value is written in tables and pages."""

from collections.abc import Mapping

from jaxeval.results.catalogue import Catalogue
from jaxeval.results.score import Score

_HUGE = 1e9


def format_value(score: Score, value: float) -> str:
    """Write a value with its score's decimals: a lag with its sign; a tiny cost, or a huge number, as 2.3e-05.

    Args:
        score: the score that the value is of.
        value: a finite number, in the score's unit.

    Returns:
        The text without the unit, with a true minus sign and no negative zero.

    Example:
        >>> from jaxeval.results.catalogue import catalogue
        >>> known = catalogue({})
        >>> format_value(known["lag_ms"], 118.3), format_value(known["psnr"], 31.4159)
        ('+118', '31.42')
        >>> format_value(known["lpips_div"], 0.0000234), format_value(known["lpips_seq"], -0.0087)
        ('2.3e-05', '−0.0087')
    """
    tiny = score.decimals >= 4 and 0 < abs(value) < 10.0 ** (1 - score.decimals)
    sign = "+" if score.unit.startswith("ms") and score.form != "lag_std" else ""
    text = f"{value:{sign}.1e}" if tiny or abs(value) >= _HUGE else f"{value:{sign}.{score.decimals}f}"
    if not tiny and float(text) == 0:
        text = text.lstrip("+-")
    return text.replace("-", "−", 1) if value < 0 else text


def format_cell(score: Score, scores: Mapping[str, float], known: Catalogue) -> str:
    """Write a clip's value of a score; a lag comes with its standard deviation.

    Args:
        score: which score.
        scores: the clip's values by name; `score.name` is among them.
        known: the document's scores.

    Returns:
        The text without the unit.

    Example:
        >>> from jaxeval.results.catalogue import catalogue
        >>> known = catalogue({})
        >>> format_cell(known["lag_ms"], {"lag_ms": 118.3, "lag_std_ms": 12.2}, known)
        '+118 ± 12'
    """
    text = format_value(score, scores[score.name])
    spread = known.of(score.metric, "lag_std") if score.form == "lag" else None
    return f"{text} ± {format_value(spread, scores[spread.name])}" if spread and spread.name in scores else text
