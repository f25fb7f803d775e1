"""The paired permutation test against an enumeration of all sign flips, Holm's correction against its definition."""

from itertools import product

import numpy as np
import pytest
from scipy.stats import permutation_test

from jaxeval.results.paired_test import EXACT_UP_TO, FLIPS, holm, paired_p, too_few


def enumerated(differences):
    """By all 2^n sign flips in exact integers."""
    whole = [int(d) for d in differences]
    seen = abs(sum(whole))
    sums = [
        abs(sum(sign * d for sign, d in zip(signs, whole, strict=True)))
        for signs in product((1, -1), repeat=len(whole))
    ]
    return sum(total >= seen for total in sums) / len(sums)


@pytest.mark.parametrize(
    "differences",
    [[3], [1, 2], [1, 1, 1, 1, 1], [5, -1, 2, 2, 0, 7], [0, 0, 0, 4], [0, 0, 0], [1, -1], [3, 3, -3, 3, 3, 3, 3, 3]],
    ids=str,
)
def test_exact_p_is_that_of_all_flips(differences):
    assert paired_p(np.array(differences, float)) == pytest.approx(enumerated(differences), abs=1e-12)


@pytest.mark.parametrize("count", range(2, EXACT_UP_TO + 1))
def test_exact_p_is_scipys(count):
    differences = np.random.default_rng(count).normal(0.3, 1, count)
    oracle = permutation_test(
        (differences,),
        lambda x, axis: x.mean(axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=2**EXACT_UP_TO,
    ).pvalue
    assert paired_p(differences) == pytest.approx(oracle, rel=1e-14)


def test_five_clips_can_not_go_below_a_sixteenth():
    assert paired_p(np.array([10.0, 11.0, 12.0, 13.0, 14.0])) == 2 / 2**5


@pytest.mark.parametrize("scale", [1e-300, 1e-8, 1e150, 1e307])
def test_the_unit_does_not_matter(scale, recwarn):
    whole = np.array([5.0, -1, 2, 2, 0, 7])
    assert paired_p(whole * scale) == pytest.approx(enumerated(whole), abs=1e-12)
    assert not recwarn.list


def test_of_many_clips_random_flips_agree_with_scipys():
    differences = np.random.default_rng(5).normal(0.3, 1, 40)
    oracle = permutation_test(
        (differences,),
        lambda x, axis: x.mean(axis),
        permutation_type="samples",
        vectorized=True,
        n_resamples=99_999,
        rng=1,
    ).pvalue
    found = paired_p(differences)
    assert found == pytest.approx(oracle, abs=4 * np.sqrt(oracle / FLIPS))
    assert paired_p(differences) == found, "the seed is fixed"
    assert paired_p(np.ones(EXACT_UP_TO + 7)) == pytest.approx(1 / (FLIPS + 1), abs=3 / FLIPS)


def test_holms_own_steps():
    """A hand-worked example: .01·4, then .02·3, .03·2 which stays at .06, and .5."""
    assert holm([0.5, 0.01, 0.03, 0.02]) == pytest.approx([0.5, 0.04, 0.06, 0.06])
    assert holm([0.9, 0.8]) == [1, 1]
    assert holm([]) == []


def test_holm_is_the_closed_test_of_bonferroni():
    """Marcus, Peritz and Gabriel: p̃_i is the largest Bonferroni p of all the sets of hypotheses that i is in."""
    rng = np.random.default_rng(0)
    for _ in range(20):
        p = rng.random(5) ** 3
        for i, corrected in enumerate(holm(p)):
            sets = [np.flatnonzero(chosen) for chosen in product((0, 1), repeat=5) if chosen[i]]
            assert corrected == pytest.approx(max(min(1, len(s) * p[s].min()) for s in sets))


@pytest.mark.parametrize(
    ("clips", "tests", "few"), [(5, 1, True), (6, 1, False), (6, 2, True), (11, 40, False), (1, 1, True)]
)
def test_where_no_outcome_could_be_significant(clips, tests, few):
    assert too_few(clips, tests) == few == (2 / 2**clips * tests >= 0.05)
