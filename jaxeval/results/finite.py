"""The one rule for scores that aren't finite: such a score is missing, with a reason. JSON has no NaN or Infinity."""

import math
from collections.abc import Mapping
from typing import Any

import numpy as np


def finite_scores(scores: Mapping[str, Any], missing: Mapping[str, str]) -> tuple[dict[str, float], dict[str, str]]:
    """Plain finite numbers, and a reason for every name that has none.

    Args:
        scores: name to number, of any type that `float` takes.
        missing: name to the reason why there is no number; it stays where it is known.

    Returns:
        Scores and missing; no name is in both.

    Example:
        >>> finite_scores({"l1": np.float32(0.5), "psnr": float("inf")}, {})
        ({'l1': 0.5}, {'psnr': 'no finite number: the computation gave inf'})
    """
    values = {name: finite_number(value) for name, value in scores.items()}
    found = {name: value for name, value in values.items() if value is not None}
    reasons = {name: _reason(scores[name]) for name, value in values.items() if value is None}
    known = {name: str(reason) for name, reason in missing.items() if name not in found}
    return found, reasons | known


def finite_number(value: Any) -> float | None:
    """A plain finite number; None for anything else.

    Example:
        >>> finite_number(np.float32(0.5)), finite_number(np.nan), finite_number(None)
        (0.5, None, None)
    """
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def all_finite(*arrays: Any) -> bool:
    """Whether every array holds finite real numbers only.

    Example:
        >>> all_finite(np.zeros(2), np.array([1.0, np.nan]))
        False
    """
    return all(array.dtype.kind in "biuf" and bool(np.isfinite(array).all()) for array in map(np.asarray, arrays))


def _reason(value: Any) -> str:
    return f"no finite number: the computation gave {' '.join(str(value).split())[:40]}"
