"""Clips of all lengths go through one compiled program: a last, short chunk is filled up, never compiled anew."""

import chex
import jax
import numpy as np
import pytest

from jaxeval.checkpoints import load_encoder
from jaxeval.scoring import ingest, lpips_costs, picture

from .crops import scored
from .test_picture import IMAGE

LENGTHS = (1, 2, 24, 25, 26, 49, 60)


@pytest.fixture
def traced_once(monkeypatch):
    """`traced_once(module, name)`: that compiled function of the module fails where it is traced a second time."""

    def replace(module, name, *static, times=1):
        function = chex.assert_max_traces(getattr(module, name).__wrapped__, n=times)
        monkeypatch.setattr(module, name, jax.jit(function, static_argnames=static))

    yield replace
    chex.clear_trace_counter()


def clip(count, side):
    return np.random.default_rng(count).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


@pytest.mark.parametrize(("name", "side"), [("blaze_face", 128), ("face_mesh", 192), ("dlib_resnet", 150)])
def test_an_encoder(name, side, traced_once):
    traced_once(ingest, "encode")
    encoder = load_encoder(name)
    for count in LENGTHS:
        found = ingest.encoded(encoder, clip(count, side))
        assert {len(rows) for rows in jax.tree.leaves(found)} == {count}


def test_lpips_of_all_pairs(traced_once):
    traced_once(lpips_costs, "_features")
    # Blocks of one index meet each other, and those before; blocks far before; the longer clip's last has no partner.
    traced_once(lpips_costs, "_meet", "pairs", "products", times=4)
    blocks = lpips_costs.FeatureBlocks(load_encoder("st_lpips_alex"))
    for count in LENGTHS:
        clips = ("x", clip(count, 32)), ("y", clip(count + 1, 32))
        costs = lpips_costs.lpips_costs(blocks, *clips, lambda done: None).costs
        assert costs.xy.shape == (count, count + 1)
        blocks.drop("x")
        blocks.drop("y")


def test_image_scores(traced_once):
    for name, *static in (("_against", "names", "functions"), ("_alone", "functions"), ("_smooth",)):
        traced_once(picture, name, *static)
    for count in LENGTHS:
        found = scored(IMAGE, clip(count, 192), clip(count + 100, 192))
        assert set(found.scores) | set(found.missing) == set(IMAGE)
