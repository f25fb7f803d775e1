"""The flag where well supported lags of one clip differ, and which lags are to be doubted."""

import numpy as np
import pytest

from jaxeval.protocol import JAXEVAL_V1
from jaxeval.results.catalogue import catalogue
from jaxeval.results.document import row_of
from jaxeval.results.flags import is_doubtful
from jaxeval.results.record import ClipRecord
from jaxeval.scoring.aligned_scores import Costs, Scored, align
from jaxeval.scoring.lags import lag_flags, lip_offset_flags


def scored(support, **lags):
    scores = {f"lag_ms_{name}": lag for name, lag in lags.items()}
    return Scored(scores | {f"lag_std_ms_{name}": 5.0 for name in lags}, support=support)


GOOD, BAD = 0.9, -0.2


@pytest.mark.parametrize(
    ("support", "lags", "flag"),
    [
        ({"lpips": GOOD, "expr": GOOD}, {"lpips": 0.0, "expr": -88.0}, "all well supported: quote them"),
        ({"lpips": BAD, "expr": GOOD}, {"lpips": 0.0, "expr": 150.0}, "is poorly supported (−0.20)"),
        ({"lpips": GOOD, "expr": BAD}, {"lpips": 0.0, "expr": -88.0}, None),
        ({"lpips": GOOD, "expr": GOOD}, {"lpips": 120.0, "expr": 60.0}, None),
        ({"lpips": GOOD, "lip_sync": GOOD}, {"lpips": 0.0, "lip_sync": 400.0}, None),  # of the sound
        ({"expr": GOOD}, {"expr": 150.0}, None),
        ({"lpips": GOOD, "expr": GOOD}, {"lpips": 0.0}, None),
    ],
)
def test_the_flag(support, lags, flag):
    found = lag_flags(JAXEVAL_V1, scored(support, **lags))
    assert len(found) == (flag is not None)
    if flag:
        assert found[0].startswith("lags disagree: lpips +0 ± 5")
        assert flag in found[0]


@pytest.mark.parametrize(
    ("own", "reference", "words"),
    [
        (-92.4, -13.0, "the mouth is 79 ms early against its sound, beside the reference (−92 and −13 ms)"),
        (75.0, 10.0, "the mouth is 65 ms late against its sound, beside the reference (+75 and +10 ms)"),
        (-200.0, -150.0, None),
        (-200.0, None, None),
        (None, -200.0, None),
    ],
)
def test_a_mouth_that_is_farther_off_its_sound_than_the_references(own, reference, words):
    offsets = {"lip_sync_offset_ms": own, "lip_sync_offset_ms_reference": reference}
    found = lip_offset_flags(Scored({name: value for name, value in offsets.items() if value is not None}))
    assert found == (() if words is None else (f"lip offset: {words}",))


def walk(seed=0, count=100):
    return np.cumsum(np.random.default_rng(seed).normal(size=(count, 6)), axis=0)


@pytest.mark.parametrize(("offset", "supported"), [(0.0, True), (1e4, False)])
def test_an_aligned_metric_says_what_supports_its_lag(offset, supported):
    """Four frames late; with a cost that every cell has in common the diagonal wins, and the lag reads 0."""
    y = walk()
    x = y[np.maximum(np.arange(100) - 4, 0)]

    def apart(a, b):
        return np.square(a[:, None] - b[None]).sum(axis=-1).astype(np.float32)

    xy = apart(x, y) + np.float32(offset)
    found = align({"lpips": Costs(np.diagonal(xy), xy, apart(x, x), apart(y, y))}, JAXEVAL_V1)
    assert found.scores["lag_ms_lpips"] == pytest.approx(160 if supported else 0, abs=15)
    row = row_of(ClipRecord("a", "ok", **vars(found)))
    assert (row.lag_support["lpips"] > 0.9) == supported
    known = catalogue(JAXEVAL_V1.encoders, "lpips")
    assert is_doubtful(row, known["lag_ms"], known) != supported
    assert is_doubtful(row, known["lag_ms_lpips"], catalogue({})) != supported
    assert not is_doubtful(row, known["lag_ms_pose"], known)  # nothing is known of it
