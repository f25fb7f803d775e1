"""The numbers that a run accepts, checked in one place: by the command before JAX is loaded, and from Python."""

from jaxeval.errors import JaxevalError

_LARGEST_GAMMA = 1e30
"""Above it, γ times the entropy of the paths leaves float32."""


def check_numbers(gamma: float, noise_floor: int, min_features: int | None, *, options: bool = False) -> None:
    """Refuse a number that no run can use.

    Args:
        gamma: Soft-DTW's temperature for trajectories from files.
        noise_floor: how many references the noise floor is measured on.
        min_features: how many features a Fréchet distance needs; None for its default.
        options: whether the error calls them by their options, `--min-features` for `min_features`.

    Raises:
        JaxevalError: a number is out of range.

    Example:
        >>> check_numbers(0.01, 0, 1, options=True)
        Traceback (most recent call last):
        ...
        jaxeval.errors.JaxevalError: --min-features: expected at least 2, found 1. One feature has no covariance.
    """
    enough = min_features is None or min_features >= 2
    rules = (
        ("gamma", gamma, 0 <= gamma <= _LARGEST_GAMMA, f"a number from 0 to {_LARGEST_GAMMA:g}", "Try 0.01."),
        ("noise_floor", noise_floor, noise_floor >= 0, "at least 0", "0 disables it."),
        ("min_features", min_features, enough, "at least 2", "One feature has no covariance."),
    )
    for name, value, holds, expected, then in rules:
        if not holds:
            shown = f"--{name.replace('_', '-')}" if options else name
            raise JaxevalError(f"{shown}: expected {expected}, found {value}. {then}")
