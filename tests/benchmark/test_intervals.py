"""The bootstrap-t against clips that are really drawn, SciPy's bootstrap and Student's t; and how often it covers."""

import numpy as np
import pytest
from scipy import stats

from jaxeval.benchmark.intervals import limits, means, overall
from jaxeval.benchmark.plan import Statistics

TOLD = Statistics(resamples=1000)


def sample(seed=0, persons=8, most=3):
    """Each person's clips."""
    rng = np.random.default_rng(seed)
    return [rng.normal(rng.normal(), 1, rng.integers(1, most + 1)) for _ in range(persons)]


def found_of(clips, told=TOLD, stream=0):
    return means(np.array([[sum(own) for own in clips]]), np.array([[len(own) for own in clips]], float), told, stream)


def ratio(clips):
    """Mean and variance of persons' clips, by the formula for a ratio."""
    count = sum(map(len, clips))
    mean = sum(map(sum, clips)) / count
    squares = sum((sum(own) - mean * len(own)) ** 2 for own in clips)
    return mean, len(clips) / (len(clips) - 1) * squares / count**2


def drawn(clips, told, stream=0):
    rng = np.random.default_rng([told.seed, stream, len(clips)])
    for chosen in rng.integers(0, len(clips), (told.resamples, len(clips))):
        yield ratio([clips[person] for person in chosen])


@pytest.mark.parametrize("level", [0.8, 0.95])
def test_limits_are_those_of_clips_that_are_drawn(level):
    clips = sample()
    mean, variance = ratio(clips)
    t = [(other - mean) / np.sqrt(spread) if spread > 1e-20 else 0 for other, spread in drawn(clips, TOLD)]
    high, low = np.quantile(t, [(1 - level) / 2, (1 + level) / 2])
    expected = [mean - low * np.sqrt(variance), mean - high * np.sqrt(variance)]
    np.testing.assert_allclose(limits([found_of(clips)], level)[:, 0], expected, rtol=1e-9)


def test_datasets_have_equal_weight():
    several = [sample(1, 30), sample(2, 6), sample(3, 12)]
    found = [found_of(clips, stream=stream) for stream, clips in enumerate(several)]
    each = [ratio(clips) for clips in several]
    mean, error = np.mean([one for one, _ in each]), np.sqrt(sum(spread for _, spread in each)) / 3
    assert overall(found)[0] == pytest.approx(mean, rel=1e-12)
    resamples = [np.array(list(drawn(clips, TOLD, stream))) for stream, clips in enumerate(several)]
    t = (
        (np.mean([each[:, 0] for each in resamples], axis=0) - mean)
        / np.sqrt(sum(each[:, 1] for each in resamples))
        * 3
    )
    high, low = np.quantile(t, [0.025, 0.975])
    np.testing.assert_allclose(limits(found, 0.95)[:, 0], [mean - low * error, mean - high * error], rtol=1e-9)


def test_resamples_spread_as_scipys():
    values = np.random.default_rng(0).exponential(size=40)
    oracle = stats.bootstrap((values,), np.mean, n_resamples=9999, rng=1)
    found = found_of([[value] for value in values], Statistics(resamples=9999))
    assert found.moved.std(ddof=1) == pytest.approx(oracle.standard_error, rel=0.03)
    assert found.variance[0] == pytest.approx(stats.sem(values) ** 2)
    np.testing.assert_allclose(found.variance.mean(), found.variances.mean(), rtol=0.1)


@pytest.mark.parametrize("persons", [2, 3, 4])
def test_few_persons_have_students_interval(persons):
    values = np.random.default_rng(persons).normal(size=persons)
    expected = stats.ttest_1samp(values, 0).confidence_interval(0.9)
    np.testing.assert_allclose(limits([found_of([[value] for value in values])], 0.9)[:, 0], expected)


def test_few_persons_on_several_datasets_have_welchs_interval():
    x, y = np.random.default_rng(0).normal(size=(2, 2))
    found = [found_of([[value] for value in values], stream=n) for n, values in enumerate((x, -y))]
    expected = stats.ttest_ind(x, y, equal_var=False).confidence_interval(0.9)
    np.testing.assert_allclose(limits(found, 0.9)[:, 0] * 2, expected)


def test_one_person_that_stands_out_keeps_the_interval_finite():
    low, high = limits([found_of([[1.0], *[[0.0]] * 19])], 0.95)[:, 0]
    assert low < 0.05 < high < 0.2


@pytest.mark.parametrize("persons", [0, 1])
def test_no_interval_without_two_persons(persons, recwarn):
    clips = [[1.0, 2.0]] * persons + [[]] * 3
    assert np.isnan(limits([found_of(clips)], 0.95)).all()
    assert np.isnan(limits([found_of(clips), found_of(sample())], 0.95)).all() == (persons == 1)
    assert not recwarn.list


def test_persons_without_a_clip_do_not_count():
    clips = sample()
    found = limits([found_of([[], *clips[:4], [], *clips[4:], []])], 0.95)
    np.testing.assert_array_equal(found, limits([found_of(clips)], 0.95))


def test_blocks_of_resamples_are_the_same(monkeypatch):
    whole = found_of(sample())
    monkeypatch.setattr("jaxeval.benchmark.intervals._BLOCK", 100)
    parts = found_of(sample())
    np.testing.assert_allclose(parts.moved, whole.moved, rtol=1e-12)
    np.testing.assert_allclose(parts.variances, whole.variances, rtol=1e-9)


def made(kind, rng, repetitions=3000, persons=20, most=3):
    """Sums and numbers of clips, half of whose variance lies between persons, and their true mean."""
    count = rng.integers(1, most + 1, (repetitions, persons))
    own, clip = rng.normal(size=(repetitions, persons, 1)), rng.normal(size=(repetitions, persons, most))
    normal = np.sqrt(0.5) * (own + clip)
    values, truth = {
        "normal": (normal, 0.0),
        "lognormal": (np.exp(normal / 2), np.exp(1 / 8)),
        "bounded": (stats.norm.cdf(1.5 + normal), stats.norm.cdf(1.5 / np.sqrt(2))),
    }[kind]
    return (values * (np.arange(most) < count[..., None])).sum(axis=2), count.astype(float), truth


@pytest.mark.parametrize("kind", ["normal", "lognormal", "bounded"])
def test_intervals_cover_the_truth(kind):
    """20 persons of 1 to 3 clips."""
    sums, counts, truth = made(kind, np.random.default_rng(0))
    low, high = limits([means(sums, counts, TOLD)], 0.95)
    assert 0.93 <= ((low <= truth) & (truth <= high)).mean() <= 0.97
