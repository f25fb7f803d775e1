"""Contests against enumeration, SciPy's tests and plain loops; and how often equal methods are told apart."""

import itertools

import numpy as np
import pytest
from scipy import stats

from jaxeval.benchmark.cells import Cells
from jaxeval.benchmark.contests import contest
from jaxeval.benchmark.ranking import critical_difference


def part(values, persons):
    """Cells of one score, whose clips are sorted by person."""
    persons = np.asarray(persons)
    starts = np.flatnonzero(np.append(True, persons[1:] != persons[:-1]))
    return Cells(values[None], starts), values


def sample(seed=0, methods=3, missing=0.15):
    rng, persons = np.random.default_rng(seed), np.repeat(np.arange(7), [1, 3, 2, 2, 1, 4, 2])
    values = rng.normal(size=(methods, 15)) + rng.normal(size=(methods, 7))[:, persons] + np.arange(methods)[:, None]
    values[rng.random(values.shape) < missing] = np.nan
    return values, persons


def shares(values, persons, a, b):
    """What each person adds to the mean difference."""
    gaps = values[a] - values[b]
    count = (~np.isnan(gaps)).sum()
    return [np.nansum(gaps[persons == person]) / count for person in np.unique(persons)]


def enumerated(terms):
    sums = [
        abs(sum(s * t for s, t in zip(signs, terms, strict=True)))
        for signs in itertools.product((1, -1), repeat=len(terms))
    ]
    return np.mean([total >= abs(sum(terms)) - 1e-12 for total in sums])


def stepped(p):
    """Holm's correction, by its steps."""
    corrected, floor = dict.fromkeys(p, 0.0), 0.0
    for left, pair in zip(range(len(p), 0, -1), sorted(p, key=p.__getitem__), strict=True):
        floor = corrected[pair] = max(floor, min(1, left * p[pair]))
    return corrected


def test_p_flips_persons_and_is_corrected_over_all_pairs():
    values, persons = sample()
    found = contest([part(values, persons)], "↓", 0.05)
    terms = {pair: shares(values, persons, *pair) for pair in itertools.combinations(range(3), 2)}
    expected = stepped({pair: enumerated(each) for pair, each in terms.items()})
    for (a, b), each in terms.items():
        assert found.p[a, b] == found.p[b, a] == pytest.approx(expected[a, b])
        assert found.difference[a, b] == -found.difference[b, a] == pytest.approx(sum(each))
    assert np.isnan(np.diag(found.p)).all()


def test_on_several_datasets_each_has_equal_weight():
    both = [sample(1), sample(2)]
    small = [(values[:, :8], persons[:8]) for values, persons in both]  # 4 persons each, so that all flips are tried
    found = contest([part(*each) for each in small], "↓", 0.05)
    terms = {
        pair: [term / 2 for each in small for term in shares(*each, *pair)]
        for pair in itertools.combinations(range(3), 2)
    }
    expected = stepped({pair: enumerated(each) for pair, each in terms.items()})
    for (a, b), each in terms.items():
        assert found.p[a, b] == pytest.approx(expected[a, b])
        assert found.difference[a, b] == pytest.approx(sum(each))


def test_a_dataset_without_common_clips_is_left_out():
    one, other = part(*sample(1)), part(np.full((3, 4), np.nan), range(4))
    found, alone = contest([one, other], "↓", 0.05), contest([one], "↓", 0.05)
    for name in ("p", "difference", "needed"):
        np.testing.assert_allclose(getattr(found, name), getattr(alone, name), rtol=1e-12)


def test_clips_of_one_person_are_no_further_evidence():
    values = np.random.default_rng(3).normal(size=(4, 20)) + 0.3 * np.arange(4)[:, None]
    once = contest([part(values, range(20))], "↑", 0.05)
    often = contest([part(np.repeat(values, 5, axis=1), np.repeat(range(20), 5))], "↑", 0.05)
    np.testing.assert_allclose(often.p, once.p)
    np.testing.assert_allclose(often.difference, once.difference)
    assert (np.abs(often.needed - 5 * once.needed) <= 5)[np.triu_indices(4, 1)].all()
    np.testing.assert_array_equal(often.agreement.mean_ranks, once.agreement.mean_ranks)


def test_clips_needed_without_clusters_is_the_textbooks():
    values = np.random.default_rng(4).normal(size=(3, 30))
    found = contest([part(values, range(30))], "↑", 0.05)
    for a, b in itertools.permutations(range(3), 2):
        gaps = values[a] - values[b]
        z = stats.norm.isf(0.05 / 3 / 2) + stats.norm.isf(0.2)
        assert found.needed[a, b] == max(2, np.ceil((z * gaps.std(ddof=1) / gaps.mean()) ** 2))


def test_equal_methods_would_need_no_number_of_clips():
    found = contest([part(np.tile(np.arange(9.0), (2, 1)), range(9))], "↑", 0.05)
    assert np.isnan(found.needed).all()
    assert found.p[0, 1] == 1
    assert found.agreement.mean_ranks.tolist() == [1.5, 1.5]


def test_friedman_is_over_persons_means_of_the_clips_that_all_methods_have():
    values, persons = sample(5, missing=0.25)
    common = ~np.isnan(values).any(axis=0)
    blocks = np.array([values[:, common & (persons == p)].mean(axis=1) for p in np.unique(persons[common])]).T
    found = contest([part(values, persons)], "↓", 0.05)
    statistic, p = stats.friedmanchisquare(*blocks)
    assert (found.agreement.statistic, found.agreement.p) == (pytest.approx(statistic), pytest.approx(p))
    np.testing.assert_allclose(found.agreement.mean_ranks, stats.rankdata(blocks, axis=0).mean(axis=1))
    assert found.agreement.blocks == blocks.shape[1] == 5
    assert found.critical == critical_difference(3, blocks.shape[1])


def test_on_several_datasets_friedman_is_over_their_means():
    several = [sample(seed) for seed in range(5)]
    found = contest([part(*each) for each in several], "↑", 0.05)
    ordered = stats.rankdata([-np.nanmean(values, axis=1) for values, _ in several], axis=1)
    np.testing.assert_allclose(found.agreement.mean_ranks, ordered.mean(axis=0))
    assert found.agreement.blocks == 5


def test_many_methods_can_still_be_told_apart():
    """With 9,999 flips alone, the least p of 45 methods would be 990 / 10,000 after Holm's correction."""
    values = 10.0 * np.arange(45)[:, None] + np.random.default_rng(6).normal(size=(45, 20))
    assert (contest([part(values, range(20))], "↑", 0.05).p[np.triu_indices(45, 1)] < 0.05).all()


def test_equal_methods_are_rarely_told_apart():
    """Of 300 benchmarks of five equal methods, at most 5 % tell any two apart, though persons have 1 to 3 clips."""
    rng, wrong = np.random.default_rng(7), 0
    for _ in range(300):
        persons = np.repeat(np.arange(12), rng.integers(1, 4, 12))
        own = rng.exponential(size=(5, 12))[:, persons]
        values = own + rng.exponential(size=(5, len(persons)))
        wrong += np.nanmin(contest([part(values, persons)], "↑", 0.05).p) < 0.05
    assert wrong <= 15
