"""Scores of a whole set of clips: Fréchet distances between all generated features and all references'."""

from collections.abc import Mapping
from functools import cache

import jax
import numpy as np

from jaxeval.errors import one_line, printable
from jaxeval.metrics.frechet import Moments, empty_moments, frechet_distance_exact, updated
from jaxeval.results.document import Detail, Entry
from jaxeval.results.finite import finite_number
from jaxeval.results.metric import Metric
from jaxeval.results.record import SetFeatures
from jaxeval.results.selection import Selection
from jaxeval.scoring.aligned_scores import padded
from jaxeval.scoring.materials import NO_REFERENCE, Materials
from jaxeval.scoring.networks import Lacking


def set_metrics(selection: Selection) -> dict[str, Metric]:
    """The scores of the whole set, by name."""
    return {
        name: metric
        for metric in selection.metrics
        if metric.per == "set"
        for name in selection.known.scores(metric)
        if selection.keeps(name)
    }


def set_features(materials: Materials) -> SetFeatures:
    """What a pair adds to every score of the whole set."""
    generated, reference, missing = {}, {}, {}
    if materials.alone:
        return SetFeatures(missing=dict.fromkeys(set_metrics(materials.selection), NO_REFERENCE))
    for name, metric in set_metrics(materials.selection).items():
        try:
            generated[name], reference[name] = materials.rows(metric)
        except Lacking as lack:
            missing[name] = printable(str(lack))
    return SetFeatures(generated, reference, missing)


class Sets:
    """The features of many pairs, added up without being held.

    Args:
        metrics: set score to its metric.
        min_count: how many features a distance needs on either side; None for what the metric says, or else one more
            than each has numbers, for with fewer their covariance is singular and the distance is mostly chance.
    """

    def __init__(self, metrics: Mapping[str, Metric], min_count: int | None = None) -> None:
        self._least = {name: metric.least for name, metric in metrics.items()}
        self._min_count = min_count
        self._sums: dict[tuple[str, str], Moments] = {}
        self._pairs = dict.fromkeys(self._least, 0)
        self._lacking: dict[str, dict[str, str]] = {}

    def add(self, features: SetFeatures, clip: str = "one clip") -> None:
        """Add one pair's; a score for which it has none is computed without it, and `details` says why.

        Args:
            features: of the pair.
            clip: its id.
        """
        for name in self._least:
            x, y = features.generated.get(name), features.reference.get(name)
            if x is None or y is None:
                if name in features.missing:
                    self._lacking.setdefault(name, {})[clip] = features.missing[name]
                continue
            sums = self._sums.get((name, "generated"))
            if sums is not None and x.shape[1:] != sums.mean.shape:
                text = f"features of {x.shape[1]} numbers, not {len(sums.mean)} as in other clips"
                self._lacking.setdefault(name, {})[clip] = text
                continue
            for role, rows in (("generated", x), ("reference", y)):
                self._sums[name, role] = _added(self._sums.get((name, role)), rows)
            self._pairs[name] += 1

    def summary(self, of: int) -> dict[str, Entry]:
        """An entry of the summary for each set score.

        Args:
            of: how many pairs were asked for.

        Returns:
            Name to the distance, and how many pairs it is of.
        """
        return {name: Entry(mean=self._distance(name)[0], n=self._pairs[name], of=of) for name in self._least}

    def details(self) -> dict[str, Detail]:
        """Why there is no distance, or which clips it is without and why; a score that has both isn't listed."""
        found = {}
        for name in self._least:
            if reason := self._distance(name)[1]:
                found[name] = Detail(reason=reason)
            elif name in self._lacking:
                found[name] = Detail(without=self._lacking[name])
        return found

    @cache  # noqa: B019  an instance is used up once it is summed up
    def _distance(self, name: str) -> tuple[float | None, str]:
        sides = [self._sums.get((name, role)) for role in ("generated", "reference")]
        if sides[0] is None or sides[1] is None:
            return None, next(iter(self._lacking.get(name, {}).values()), "no clip was scored")
        counts = [int(side.n) for side in sides if side]
        least = self._least[name] if self._least[name] > 1 else len(sides[0].mean) + 1
        min_count = self._min_count or least
        if min(counts) < max(min_count, 2):
            text = f"{min_count} features needed on each side, found {counts[0]} and {counts[1]}"
            return None, f"{text}; --min-features {max(min(counts), 2)} lowers the limit"
        try:
            distance = finite_number(frechet_distance_exact(sides[0], sides[1], min_count=min_count))
        except np.linalg.LinAlgError as error:
            return None, f"the features' covariances have no square root: {one_line(error)}"
        return distance, "" if distance is not None else "the features' covariances exceed float32's range"


def _added(sums: Moments | None, rows: np.ndarray) -> Moments:
    filled = padded(rows)
    valid = np.arange(len(filled)) < len(rows)
    return jax.jit(updated)(empty_moments(rows.shape[1]) if sums is None else sums, filled, valid)
