"""How well a score tells real faults from harmless changes of timing: pure functions of its responses."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy import stats

from jaxeval.benchmark.perturbations import IDENTICAL, Condition, Kind
from jaxeval.results.catalogue import Catalogue

Cells = Mapping[Condition, Mapping[str, float]]
"""Of one clip: condition to score to how bad it is, see `badness`."""

Responses = Mapping[Condition, float]
"""Of one clip and one score: condition to how much worse it gets than for the clip itself."""


def badness(scores: Mapping[str, float], known: Catalogue) -> dict[str, float]:
    """Every score turned so that high is bad.

    A cosine becomes the distance 2 − 2·csim, a correlation 1 − lip_sync, as their aligned forms measure them; other
    scores of which high is good change their sign; those without a better end, such as a lag, stay as they are.

    Args:
        scores: name to value.
        known: what they are.

    Returns:
        Name to value.

    Example:
        >>> from jaxeval.results.catalogue import catalogue
        >>> badness({"csim": 0.75, "psnr": 30.0, "lag_ms": 40.0}, catalogue({}))
        {'csim': 0.5, 'psnr': -30.0, 'lag_ms': 40.0}
    """
    turned = {"csim": lambda value: 2 - 2 * value, "lip_sync": lambda value: 1 - value}
    signs = {name: -1 if known[name].better == "↑" else 1 for name in scores}
    return {name: turned[name](x) if name in turned else signs[name] * x for name, x in scores.items()}


def responses(cells: Cells, score: str) -> Responses:
    """How much worse a score gets by each change than for the clip itself.

    Args:
        cells: of one clip. A score without a value for identical clips, such as psnr, is told from 0: only differences
            between its responses mean anything.
        score: its name.

    Returns:
        Condition to response; those without the score are left out.
    """
    origin = cells.get(IDENTICAL, {}).get(score, 0.0)
    return {c: values[score] - origin for c, values in cells.items() if c != IDENTICAL and score in values}


def of_kind(found: Responses, kind: Kind, changes: Iterable[str] | None = None) -> np.ndarray:
    """The responses to changes of a kind.

    Args:
        found: of one clip and one score.
        kind: of the changes.
        changes: only these; all if None.

    Returns:
        `[N]`.
    """
    return np.array([x for c, x in found.items() if c.kind == kind and (changes is None or c.change in changes)])


def auc(faults: np.ndarray, harmless: np.ndarray) -> float | None:
    """How often a fault gets the larger response, ties half: the area under the ROC curve.

        AUC = mean_ij ([f_i > h_j] + ½ [f_i = h_j])

    Args:
        faults: `[N]` responses.
        harmless: `[M]` responses.

    Returns:
        In [0, 1], ½ for chance; None if either is empty.

    Example:
        >>> auc(np.array([2.0, 1.0]), np.array([1.0, 0.0]))
        0.875
    """
    apart = faults[:, None] - harmless[None]  # [N, M]
    return float(((apart > 0) + 0.5 * (apart == 0)).mean()) if apart.size else None


def ratio(faults: np.ndarray, harmless: np.ndarray) -> float | None:
    """The mean response to faults over the mean absolute response to harmless changes.

    Args:
        faults: `[N]` responses.
        harmless: `[M]` responses.

    Returns:
        The ratio; None if either is empty, or nothing harmless is responded to.

    Example:
        >>> ratio(np.array([2.0, 4.0]), np.array([-1.0, 1.0]))
        3.0
    """
    spread = np.abs(harmless).mean() if len(harmless) else 0.0
    return float(faults.mean() / spread) if len(faults) and spread > 0 else None


def monotonicity(found: Responses, change: str, *, origin: bool = True) -> float | None:
    """Spearman's rank correlation of the response with the strength of a change.

    Args:
        found: of one clip and one score.
        change: its name.
        origin: whether the clip itself, with response 0, counts as the weakest level.

    Returns:
        In [−1, 1], 1 if every stronger level gets a larger response; None for fewer than 3 levels with a value, or
        if all responses are equal.

    Example:
        >>> from jaxeval.benchmark.perturbations import GRID
        >>> blurs = [condition for condition in GRID if condition.change == "blur"]
        >>> print(f"{monotonicity(dict(zip(blurs, [0.1, 0.2, 0.4, 0.3, 0.5], strict=True)), 'blur'):.3f}")
        0.943
    """
    points = [(c.strength, x) for c, x in found.items() if c.change == change]
    if origin:
        points.append((-np.inf, 0.0))
    if len(points) < 3:
        return None
    strengths, values = np.array(points).T
    if len(np.unique(strengths)) < 2 or len(np.unique(values)) < 2:
        return None
    return float(stats.spearmanr(stats.rankdata(strengths), values).statistic)


@dataclass(frozen=True)
class Separation:
    """How well a score separates faults of quality from harmless changes of timing; means over clips.

    Attributes:
        ratio: see `ratio`.
        auc: see `auc`.
        own_ratio: over the faults alone that the metric is there to find.
        own_auc: likewise.
        clips: in how many clips both kinds of changes have a response.
        faults: how many responses to quality faults these have in all.
        harmless: how many to harmless changes.
    """

    ratio: float | None
    auc: float | None
    own_ratio: float | None
    own_auc: float | None
    clips: int
    faults: int
    harmless: int


def separation(clips: Sequence[Cells], score: str, own: Sequence[str] = ()) -> Separation:
    """The separation figures of one score.

    Each figure is computed for each clip, and then the mean over the clips that have it: clips differ in how large
    their responses are.

    Args:
        clips: their cells.
        score: its name.
        own: the quality faults that its metric is there to find.

    Returns:
        `Separation`; without a value for identical clips it has no ratios.
    """
    ratios, aucs, own_ratios, own_aucs, counts = [], [], [], [], []
    for cells in clips:
        found = responses(cells, score)
        faults, harmless, mine = (
            of_kind(found, "quality fault"),
            of_kind(found, "harmless"),
            of_kind(found, "quality fault", own),
        )
        if not len(faults) or not len(harmless):
            continue
        counts.append((len(faults), len(harmless)))
        aucs.append(auc(faults, harmless))
        own_aucs.append(auc(mine, harmless))
        if score in cells.get(IDENTICAL, {}):
            ratios.append(ratio(faults, harmless))
            own_ratios.append(ratio(mine, harmless))
    return Separation(
        mean_of(ratios),
        mean_of(aucs),
        mean_of(own_ratios),
        mean_of(own_aucs),
        clips=len(counts),
        faults=sum(n for n, _ in counts),
        harmless=sum(m for _, m in counts),
    )


def mean_of(values: Iterable[float | None]) -> float | None:
    """The mean of those that are there; None if none is.

    Example:
        >>> mean_of([1.0, None, 2.0]), mean_of([None])
        (1.5, None)
    """
    there = [value for value in values if value is not None]
    return float(np.mean(there)) if there else None


def mean_monotonicity(clips: Sequence[Cells], score: str, change: str) -> tuple[float | None, int]:
    """`monotonicity`, as a mean over clips.

    Args:
        clips: their cells.
        score: its name.
        change: its name.

    Returns:
        The mean, None if no clip has one; and how many have.
    """
    found = [monotonicity(responses(x, score), change, origin=score in x.get(IDENTICAL, {})) for x in clips]
    return mean_of(found), sum(value is not None for value in found)


def relative(found: Responses) -> Responses:
    """Responses in units of their mean absolute response to quality faults, so that scores compare.

    Args:
        found: of one clip and one score.

    Returns:
        The same over that mean; over that of all responses without a quality fault; nothing if it is 0.
    """
    faults = of_kind(found, "quality fault")
    unit = np.abs(faults if len(faults) else np.array([*found.values()])).mean() if found else 0.0
    return {condition: float(x / unit) for condition, x in found.items()} if unit > 0 else {}
