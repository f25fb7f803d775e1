"""Scores of a whole set of clips: Fréchet distances between all generated features and all references'."""

from typing import Any

import jax
import numpy as np

from jaxeval.errors import printable
from jaxeval.metrics.frechet import Moments, empty_moments, frechet_distance_exact, updated
from jaxeval.scoring.costs import PAD, padded
from jaxeval.scoring.networks import Networks
from jaxeval.scoring.protocol import Protocol
from jaxeval.scoring.record import SetFeatures
from jaxeval.scoring.trajectories import Clip, encoded, encoded_clips

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
    found = SetFeatures()
    for name, role in set_names(protocol).items():
        if reason := networks.missing(role) or _unfit(role, x, y):
            found.missing[name] = printable(reason)
            continue
        found.generated[name], found.reference[name] = (_features(networks, role, clip) for clip in (x, y))
    return found


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
        fewest: how many features a distance needs on either side; None for one more than each has numbers, for with
            fewer their covariance is singular and the distance is mostly chance.
    """

    def __init__(self, protocol: Protocol, fewest: int | None = None) -> None:
        self._names = set_names(protocol)
        self._fewest = fewest
        self._sums: dict[tuple[str, str], Moments] = {}
        self._pairs = dict.fromkeys(self._names, 0)
        self._reasons: dict[str, str] = {}

    def add(self, features: SetFeatures) -> None:
        """Add one pair's."""
        for name, reason in features.missing.items():
            self._reasons.setdefault(name, reason)
        for role, sides in (("generated", features.generated), ("reference", features.reference)):
            for name, rows in sides.items():
                self._sums[name, role] = _added(self._sums.get((name, role)), rows)
        for name in features.generated:
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
        """Name to `{"reason": why there is no distance}`, for each of which there is none."""
        reasons = {name: self._distance(name)[1] for name in self._names}
        return {name: {"reason": reason} for name, reason in reasons.items() if reason}

    def _distance(self, name: str) -> tuple[float | None, str]:
        sides = [self._sums.get((name, role)) for role in ("generated", "reference")]
        if sides[0] is None or sides[1] is None:
            return None, self._reasons.get(name, "no clip was scored")
        counts, fewest = [int(side.n) for side in sides if side], self._fewest or len(sides[0].mean) + 1
        if min(counts) < max(fewest, 2):
            text = f"{fewest} features needed on either side, found {counts[0]} and {counts[1]}"
            return None, f"{text}; --fewest {max(min(counts), 2)} scores them all the same"
        return frechet_distance_exact(sides[0], sides[1], fewest=fewest), ""


def _added(sums: Moments | None, rows: np.ndarray) -> Moments:
    valid = np.arange(len(rows) + -len(rows) % PAD) < len(rows)
    return _updated(empty_moments(rows.shape[1]) if sums is None else sums, padded(rows), valid)


_updated = jax.jit(updated)
