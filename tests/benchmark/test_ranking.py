"""Ranks and their tests, against Demšar's published example, SciPy's own and brute force."""

import itertools

import numpy as np
import pytest
from scipy import stats

from jaxeval.benchmark.ranking import agreement, clips_needed, critical_difference, groups, ranks

# Demšar, JMLR 7, 2006, table 6: AUC of C4.5, C4.5+m, C4.5+cf and C4.5+m+cf on 14 data sets. The .9751 is printed as
# .975, but ranked before the other .975.
DEMSAR = np.array(
    [
        [0.763, 0.768, 0.771, 0.798], [0.599, 0.591, 0.590, 0.569], [0.954, 0.971, 0.968, 0.967],
        [0.628, 0.661, 0.654, 0.657], [0.882, 0.888, 0.886, 0.898], [0.936, 0.931, 0.916, 0.931],
        [0.661, 0.668, 0.609, 0.685], [0.583, 0.583, 0.563, 0.625], [0.775, 0.838, 0.866, 0.875],
        [1.000, 1.000, 1.000, 1.000], [0.940, 0.962, 0.965, 0.962], [0.619, 0.666, 0.614, 0.669],
        [0.972, 0.981, 0.9751, 0.975], [0.957, 0.978, 0.946, 0.970],
    ]
).T  # fmt: skip


def test_demsars_example():
    """His mean ranks and critical difference; his χ² of 9.28 isn't corrected for ties."""
    found = agreement(ranks(DEMSAR, "↑"))
    np.testing.assert_allclose(found.mean_ranks, [3.143, 2.000, 2.893, 1.964], atol=5e-4)
    plain = 12 * 14 / (4 * 5) * ((found.mean_ranks**2).sum() - 4 * 25 / 4)
    assert plain == pytest.approx(9.28, abs=0.01)
    ties = sum(t**3 - t for block in ranks(DEMSAR, "↑").T for t in np.unique(block, return_counts=True)[1])
    assert found.statistic == pytest.approx(plain / (1 - ties / (14 * (4**3 - 4))))
    assert critical_difference(4, 14) == pytest.approx(1.25, abs=5e-3)
    assert critical_difference(4, 14, 0.10) == pytest.approx(2.291 * np.sqrt(4 * 5 / (6 * 14)), abs=2e-3)


@pytest.mark.parametrize(("methods", "q"), [(2, 1.960), (3, 2.343), (5, 2.728), (8, 3.031), (10, 3.164)])
def test_critical_values_are_demsars_table(methods, q):
    assert critical_difference(methods, 1) / np.sqrt(methods * (methods + 1) / 6) == pytest.approx(q, abs=1e-3)


@pytest.mark.parametrize("better", ["↑", "↓"])
def test_ranks_by_counting(better):
    values = np.random.default_rng(0).integers(0, 4, (5, 30)).astype(float)
    sign = 1 if better == "↓" else -1
    found = ranks(values, better)
    for m, n in itertools.product(range(5), range(30)):
        below = (sign * values[:, n] < sign * values[m, n]).sum()
        same = (values[:, n] == values[m, n]).sum()
        assert found[m, n] == below + (same + 1) / 2


def test_friedman_and_kendall():
    values = np.random.default_rng(1).normal(size=(4, 12)) + np.arange(4)[:, None]
    found = agreement(ranks(values, "↓"))
    statistic, p = stats.friedmanchisquare(*values)
    assert (found.statistic, found.p) == (pytest.approx(statistic), pytest.approx(p))
    sums = ranks(values, "↓").sum(axis=1)
    assert found.w == pytest.approx(12 * ((sums - sums.mean()) ** 2).sum() / (12**2 * (4**3 - 4)))


def test_agreement_at_its_ends():
    same = np.tile(np.array([[1.0], [2], [3]]), 6)
    assert agreement(same).w == pytest.approx(1)
    equal = agreement(np.full((3, 6), 2.0))
    assert (equal.statistic, equal.p, equal.w) == (0, 1, 0)
    for few in (same[:2], same[:, :1], same[:, :0]):
        assert np.isnan([agreement(few).statistic, agreement(few).p, agreement(few).w]).all()


def test_failures():
    values = np.array([[1.0, np.nan, 1.0], [2.0, 1.0, np.nan], [3.0, 2.0, 2.0]])
    left = agreement(ranks(values, "↓"))
    assert (left.blocks, left.mean_ranks.tolist()) == (1, [1, 2, 3])
    worst = ranks(values, "↓", failures="last")
    assert worst.tolist() == [[1, 3, 1], [2, 1, 3], [3, 2, 2]]
    assert ranks(np.full((4, 1), np.nan), "↓", failures="last").tolist() == [[2.5]] * 4


def test_equal_methods_are_rarely_told_apart():
    """Of 400 benchmarks of five equal methods, the two outermost ranks differ by the critical difference in 5 %."""
    rng, alarms = np.random.default_rng(0), 0
    limit = critical_difference(5, 40)
    for _ in range(400):
        spread = agreement(ranks(rng.normal(size=(5, 40)), "↓")).mean_ranks
        alarms += np.ptp(spread) > limit
    assert 0.02 < alarms / 400 < 0.08


@pytest.mark.parametrize("seed", range(20))
def test_groups_by_brute_force(seed):
    rng = np.random.default_rng(seed)
    mean_ranks, limit = rng.uniform(1, 6, 6), 1.2
    every = [set(g) for n in range(2, 7) for g in itertools.combinations(range(6), n)]
    close = [g for g in every if np.ptp(mean_ranks[list(g)]) <= limit]
    largest = [g for g in close if not any(g < other for other in close)]
    assert sorted(map(sorted, groups(mean_ranks, limit))) == sorted(map(sorted, largest))


def test_the_number_of_clips_has_the_power():
    rng, n = np.random.default_rng(0), int(clips_needed(0.4, 1.0))
    means = rng.normal(0.4, 1, (4000, n)).mean(axis=1)
    assert (np.abs(means) * np.sqrt(n) > 1.96).mean() == pytest.approx(0.8, abs=0.02)
    assert clips_needed(10.0, 0.1) == 2


@pytest.mark.parametrize(("better", "failures", "text"), [("", "last", "'↑' or '↓'"), ("↑", "first", "'left out' or")])
def test_refusals(better, failures, text):
    with pytest.raises(ValueError, match=text):
        ranks(np.ones((2, 2)), better, failures=failures)
