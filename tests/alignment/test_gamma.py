"""The suggested γ against its definition, and against the protocol that was fixed by it."""

import csv
import importlib.util
from pathlib import Path

import jax.numpy as jnp
import numpy as np
import pytest

from jaxeval.alignment import suggest_gamma
from jaxeval.alignment.distances import squared_euclidean
from jaxeval.checkpoints.lip_projection import lip_projection
from jaxeval.demo.clips import MATERIAL
from jaxeval.media.audio import decode_audio
from jaxeval.metrics.lip_sync import standardized_variates
from jaxeval.metrics.lip_variates import voice_variates
from jaxeval.protocol import JAXEVAL_V1
from jaxeval.scoring.networks import Networks

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.mark.parametrize(("step", "expected"), [(1.0, 0.1), (0.03, 9e-5), (7.7, 6.0), (1e-9, 1e-19)])
def test_it_is_a_tenth_of_the_median_step_to_one_digit(step, expected):
    clip = np.cumsum([0.0, 5 * step, step, step, 0.0, step])[:, None]  # squared steps: 25, 1, 1, 0, 1
    assert suggest_gamma(np.square(clip - clip.T)) == pytest.approx(expected, rel=1e-12)


def test_by_it_the_gamma_of_speech_is_near_the_protocols():
    samples, _ = decode_audio(MATERIAL / "speech.wav", 16000)
    projection = lip_projection()
    variates = voice_variates(samples, projection, count=int(len(samples) * JAXEVAL_V1.fps / 16000))
    voice = standardized_variates(variates.values, projection.weights)
    assert suggest_gamma(squared_euclidean(voice, voice)) == pytest.approx(JAXEVAL_V1.gamma["lip_sync"], rel=0.25)


def table():
    """Speaker to what `benchmarks/calibrate.py` gave for each of the speaker's clips."""
    rows = list(csv.DictReader((BENCHMARKS / "gamma_of_clips.csv").open()))
    speakers = {}
    for row in rows:
        gammas = {name: float(value) for name, value in row.items() if name not in ("clip", "speaker") and value}
        speakers.setdefault(row["speaker"], []).append(gammas)
    return speakers


def mean_log(rows, metric):
    return np.mean([np.log(row[metric]) for row in rows])


@pytest.mark.parametrize("metric", JAXEVAL_V1.gamma)
def test_the_protocols_gamma_is_the_geometric_mean_over_speakers(metric):
    means = [mean_log(clips, metric) for clips in table().values() if metric in clips[0]]
    assert len(means) >= 8
    assert JAXEVAL_V1.gamma[metric] == float(f"{np.exp(np.mean(means)):.0e}")


def test_by_it_the_gamma_of_carphone_was_measured():
    spec = importlib.util.spec_from_file_location("calibrate", BENCHMARKS / "calibrate.py")
    calibrate = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(calibrate)
    networks = Networks(JAXEVAL_V1)
    costs = calibrate.own_costs(networks, calibrate.seen(networks, calibrate.carphone()))
    found = {metric: suggest_gamma(cost) for metric, cost in costs.items()}
    del found["lip_sync"]  # of the demo's speech, for carphone is silent
    assert [found] == table()["carphone"]


@pytest.mark.parametrize(
    ("cost", "message"),
    [
        (jnp.ones((3, 4)), r"Expected costs \[T, T\] .* got shape \(3, 4\)"),
        (jnp.ones((1, 1)), "T at least 2"),
        (jnp.ones(3), r"got shape \(3,\)"),
        (jnp.zeros((3, 3)), "above 0, got 0.0"),
        (jnp.full((3, 3), jnp.nan), "above 0, got nan"),
    ],
)
def test_refusals(cost, message):
    with pytest.raises(ValueError, match=message):
        suggest_gamma(cost)
