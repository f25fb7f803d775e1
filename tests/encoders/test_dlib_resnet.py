"""The identity network against dlib itself."""

import itertools

import jax.numpy as jnp
import numpy as np
import pytest


@pytest.fixture(scope="module")
def embed(trained, run):
    return lambda chips: np.asarray(run(trained("dlib_resnet"), jnp.asarray(chips, jnp.float32) / 255), np.float64)


@pytest.mark.parametrize(
    ("name", "inputs", "outputs"),
    [("dlib_resnet", "images", "embeddings"), ("dlib_identity_pairs", "chips", "emb")],
)
def test_embeddings_are_dlibs(embed, golden, name, inputs, outputs):
    data = golden(name)
    error = np.linalg.norm(embed(data[inputs]) - data[outputs], axis=1)
    assert error.max() <= 1e-4


def test_dlibs_threshold_tells_people_apart(embed, golden):
    data = golden("dlib_identity_pairs")
    people = [name.rstrip("23") for name in data["names"]]
    embeddings = embed(data["chips"])
    for i, j in itertools.combinations(range(len(people)), 2):
        assert (np.linalg.norm(embeddings[i] - embeddings[j]) < 0.6) == (people[i] == people[j])
