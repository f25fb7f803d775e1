"""Scores of a whole set of clips: Fréchet distances between all generated features and all references'."""

from typing import Any

import jax
import numpy as np

from jaxeval.errors import one_line, printable
from jaxeval.metrics.frechet import Moments, empty_moments, frechet_distance_exact, updated
from jaxeval.protocol import Protocol
from jaxeval.results.finite import finite_number
from jaxeval.results.record import SetFeatures
from jaxeval.scoring.aligned_scores import PAD, padded
from jaxeval.scoring.ingest import Clip, encoded, encoded_clips
from jaxeval.scoring.networks import Networks

FRAMES_OF_A_CLIP = 16


def set_names(protocol: Protocol) -> dict[str, str]:
    """Set score to the role of the encoder whose features it compares."""
    named = {"fid": "frames", "fvd": "clips", f"fd_{protocol.encoders['identity']}": "identity"}
    return {name: role for name, role in named.items() if role in protocol.encoders}


def set_features(networks: Networks, protocol: Protocol, x: Clip, y: Clip) -> SetFeatures:
    """A pair's features for every set score of the protocol.

    Args:
        networks: the encoders.
        protocol: the protocol.
        x: the generated clip.
        y: the reference.

    Returns:
        `SetFeatures`.
    """
    generated, reference, missing = {}, {}, {}
    for name, role in set_names(protocol).items():
        if reason := networks.missing(role) or _unfit(role, x, y):
            missing[name] = printable(reason)
            continue
        generated[name], reference[name] = (_features(networks, role, clip) for clip in (x, y))
    return SetFeatures(generated, reference, missing)


def _unfit(role: str, x: Clip, y: Clip) -> str | None:
    for clip in (y, x):
        if role == "identity" and clip.seen.face is None:
            return f"no face in {clip.name}"
        if role == "clips" and clip.frames < FRAMES_OF_A_CLIP:
            return f"fewer than {FRAMES_OF_A_CLIP} frames in {clip.name}"
    return None


def _features(networks: Networks, role: str, clip: Clip) -> np.ndarray:
    if role == "identity":
        assert clip.seen.face is not None
        assert clip.seen.face.identity is not None
        return clip.seen.face.identity
    if role == "clips":
        return encoded_clips(networks.get(role), clip.seen.crops, FRAMES_OF_A_CLIP)
    return encoded(networks.get(role), clip.seen.crops)


class Sets:
    """The features of many pairs, added up without being held.

    Args:
        protocol: which set scores there are.
        min_count: how many features a distance needs on either side; None for one more than each has numbers, for with
            fewer their covariance is singular and the distance is mostly chance.
    """

    def __init__(self, protocol: Protocol, min_count: int | None = None) -> None:
        self._names = set_names(protocol)
        self._min_count = min_count
        self._sums: dict[tuple[str, str], Moments] = {}
        self._pairs = dict.fromkeys(self._names, 0)
        self._lacking: dict[str, dict[str, str]] = {}

    def add(self, features: SetFeatures, clip: str = "one clip") -> None:
        """Add one pair's; a score for which it has none is computed without it, and `details` says why.

        Args:
            features: of the pair.
            clip: its id.
        """
        for name in self._names:
            x, y = features.generated.get(name), features.reference.get(name)
            if x is None or y is None:
                if name in features.missing:
                    self._lacking.setdefault(name, {})[clip] = features.missing[name]
                continue
            sums = self._sums.get((name, "generated"))
            if sums is not None and x.shape[1:] != sums.mean.shape:
                self._lacking.setdefault(name, {})[clip] = f"features of another size, {x.shape[1]}"
                continue
            for role, rows in (("generated", x), ("reference", y)):
                self._sums[name, role] = _added(self._sums.get((name, role)), rows)
            self._pairs[name] += 1

    def summary(self, of: int) -> dict[str, dict[str, Any]]:
        """An entry of the summary for each set score.

        Args:
            of: how many pairs were asked for.

        Returns:
            Name to `{"mean": the distance or None, "ci95": None, "n", "of"}`.
        """
        return {
            name: {"mean": self._distance(name)[0], "ci95": None, "n": self._pairs[name], "of": of}
            for name in self._names
        }

    def details(self) -> dict[str, dict[str, Any]]:
        """Name to `{"reason": why there is no distance}`, or where there is one `{"without": {clip: why it isn't in}}`.

        A score that has both a distance and all pairs isn't listed.
        """
        found: dict[str, dict[str, Any]] = {}
        for name in self._names:
            if reason := self._distance(name)[1]:
                found[name] = {"reason": reason}
            elif name in self._lacking:
                found[name] = {"without": self._lacking[name]}
        return found

    def _distance(self, name: str) -> tuple[float | None, str]:
        sides = [self._sums.get((name, role)) for role in ("generated", "reference")]
        if sides[0] is None or sides[1] is None:
            return None, next(iter(self._lacking.get(name, {}).values()), "no clip was scored")
        counts, min_count = [int(side.n) for side in sides if side], self._min_count or len(sides[0].mean) + 1
        if min(counts) < max(min_count, 2):
            text = f"{min_count} features needed on either side, found {counts[0]} and {counts[1]}"
            return None, f"{text}; --fewest {max(min(counts), 2)} scores them all the same"
        try:
            distance = finite_number(frechet_distance_exact(sides[0], sides[1], min_count=min_count))
        except np.linalg.LinAlgError as error:
            return None, f"the features' covariances have no root: {one_line(error)}"
        return distance, "" if distance is not None else "the features' covariances leave float32's range"


def _added(sums: Moments | None, rows: np.ndarray) -> Moments:
    valid = np.arange(len(rows) + -len(rows) % PAD) < len(rows)
    return _updated(empty_moments(rows.shape[1]) if sums is None else sums, padded(rows), valid)


_updated = jax.jit(updated)
