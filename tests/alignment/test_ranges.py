"""Frames outside [0, 1]: refused where they are concrete, and inside compiled functions by `jaxeval.checked`."""

import re
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxeval
from jaxeval import checked
from jaxeval.alignment import ranges
from jaxeval.alignment.edge import FRAMES, edge
from jaxeval.checkpoints.load import abstract_encoder
from jaxeval.checkpoints.niqe_model import niqe_model
from jaxeval.encoders import ENCODERS, encode
from jaxeval.metrics.perceptual import lpips_features

SIGNED = "Expected frames in [0, 1], got values from -1.0 to 1.0; scale them: (x + 1) / 2."
LEVELS = "Expected frames in [0, 1], got values from 0.0 to 255.0; scale them: x / 255."
BEYOND = "Expected frames in [0, 1], got values from 0.0 to 1.25; scale them, or clip what resampling overshot"
NOT_FINITE = "Expected frames in [0, 1], got values from nan to nan; remove or repair frames that aren't finite"
WRONG = {SIGNED: (-1, 1), LEVELS: (0, 255), BEYOND: (0, 1.25), NOT_FINITE: (0, np.nan)}


def frames(low=0.0, high=1.0, shape=(3, 64, 64, 3)):
    """Random ones with these two values among them."""
    x = np.random.default_rng(0).uniform(max(low, 0), 1, shape).astype(np.float32)
    x.flat[:2] = low, high
    return jnp.asarray(x)


GOOD = frames()


def both(metric):
    return {"x": lambda x: metric(x, GOOD), "y": lambda x: metric(GOOD, x)}


class Mean:
    """What `jaxeval.lpips` takes for an encoder."""

    heads = (jnp.ones(3),)

    def __call__(self, frames):
        return (frames.mean((1, 2), keepdims=True),)


def lpips_of_nothing(x, y):
    return jaxeval.lpips(Mean(), x, y)


FUNCTIONS = {
    **{f"psnr {k}": f for k, f in both(jaxeval.psnr).items()},
    **{f"l1 {k}": f for k, f in both(jaxeval.l1).items()},
    **{f"ssim {k}": f for k, f in both(jaxeval.ssim).items()},
    **{f"lpips {k}": f for k, f in both(lpips_of_nothing).items()},
    **{f"lpips_matrix {k}": f for k, f in both(partial(jaxeval.lpips_matrix, Mean())).items()},
    **{f"Suite {k}": f for k, f in both(jaxeval.Suite({"l1": jaxeval.l1})).items()},
    "lpips_features": partial(lpips_features, Mean()),
    "cpbd": jaxeval.cpbd,
    "smooth": jaxeval.smooth,
    "ms_ssim": lambda x: jaxeval.ms_ssim(jnp.tile(x, (1, 3, 3, 1)), frames(shape=(3, 192, 192, 3))),
    "niqe": lambda x: jaxeval.niqe(jnp.tile(x, (1, 3, 3, 1)), niqe_model()),
    "aligned by a distance of frames": lambda x: jaxeval.aligned(partial(jaxeval.lpips_matrix, Mean()))(x, GOOD),
}


@pytest.mark.parametrize(("text", "limits"), WRONG.items(), ids=["signed", "levels", "beyond", "nan"])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_what_is_out_of_range_is_refused(name, text, limits):
    with pytest.raises(ValueError, match="^" + re.escape(text)) as found:
        FUNCTIONS[name](frames(*limits))
    assert "\n" not in str(found.value)


@pytest.mark.parametrize("name", sorted(ENCODERS))
def test_encoders_refuse_it_too(name):
    shape = {"i3d": (1, 9, 8, 8, 3)}.get(name, (1, 8, 8, 3))
    for call in (lambda net, x: net(x), encode):
        with pytest.raises(ValueError, match=re.escape(LEVELS)):
            call(abstract_encoder(name), frames(0, 255, shape))


@pytest.mark.parametrize("kind", [jnp.float16, jnp.bfloat16, jnp.float32, np.float32])
def test_of_every_type(kind):
    x = np.asarray(frames(-1, 1)).astype(kind) if kind is np.float32 else frames(-1, 1).astype(kind)
    with pytest.raises(ValueError, match=re.escape(SIGNED)):
        jaxeval.l1(x, GOOD)


@pytest.mark.parametrize("value", [-0.0019, 1.0019, 1.001, -0.001])
def test_half_a_level_beyond_is_allowed(value):
    jaxeval.l1(frames(0, 1).at[0, 0, 0, 0].set(value), GOOD)


@pytest.mark.parametrize("value", [-0.003, 1.003, jnp.inf, -jnp.inf, jnp.nan])
def test_more_is_not(value):
    with pytest.raises(ValueError, match=r"Expected frames in \[0, 1\]"):
        jaxeval.l1(frames(0, 1).at[1, 2, 3, 0].set(value), GOOD)


def test_what_is_no_frames_is_refused_for_its_shape():
    with pytest.raises(ValueError, match=r"Expected two equal shapes \[T, H, W, 3\]"):
        jaxeval.psnr(jnp.full((4, 3), 9.0), jnp.full((4, 3), 9.0))


def test_padding_may_hold_anything():
    padded = jnp.concatenate([GOOD, jnp.full((2, 64, 64, 3), jnp.nan)])
    suite = jaxeval.Suite({"l1": jaxeval.l1})
    assert suite(padded, GOOD, (3, 3))["l1"] == 0
    assert jnp.isfinite(jaxeval.smooth(padded, length=3))
    with pytest.raises(ValueError, match="got values from nan"):
        suite(padded, GOOD, (4, 3))
    with pytest.raises(ValueError, match="got values from nan"):
        checked(lambda x, t: suite(x, GOOD, (t, 3)))(padded, 4)
    checked(lambda x, t: suite(x, GOOD, (t, 3)))(padded, 3)


def test_each_array_is_looked_at_once(monkeypatch):
    seen = []
    extent = ranges._extent
    monkeypatch.setattr(ranges, "_extent", lambda frames, count: (seen.append(frames.shape), extent(frames, count))[1])
    suite = jaxeval.Suite({"l1": jaxeval.l1, "ssim": jaxeval.ssim, "psnr": jaxeval.psnr})
    suite(GOOD, GOOD)
    assert len(seen) == 2
    jaxeval.lpips_matrix(Mean(), GOOD, GOOD, block=1)
    assert len(seen) == 4


COMPOSED = {
    "as it is": jaxeval.psnr,
    "jit": jax.jit(jaxeval.psnr),
    "jit of jit": jax.jit(lambda x, y: jax.jit(jaxeval.psnr)(x, y)),
    "grad": jax.grad(lambda x, y: jaxeval.ssim(x, y).sum()),
    "value and grad of jit": jax.value_and_grad(jax.jit(lambda x, y: jaxeval.l1(x, y).sum())),
    "map": lambda x, y: jax.lax.map(lambda pair: jaxeval.psnr(pair[0][None], pair[1][None]), (x, y)),
    "scan": lambda x, y: jax.lax.scan(lambda _, pair: (_, jaxeval.l1(pair[0][None], pair[1][None])), 0, (x, y))[1],
    "vmap": jax.vmap(lambda x, y: jaxeval.psnr(x[None], y[None])),
    "vmap of vmap": lambda x, y: jax.vmap(jax.vmap(lambda x, y: jaxeval.l1(x[None], y[None])))(x[None], y[None]),
    "grad of vmap": jax.grad(lambda x, y: jax.vmap(lambda x, y: jaxeval.ssim(x[None], y[None]).sum())(x, y).sum()),
    "checkpoint": jax.grad(jax.checkpoint(lambda x, y: jaxeval.ssim(x, y).sum())),
    "cond": lambda x, y: jax.lax.cond(x.sum() > -1e9, jaxeval.l1, jaxeval.l1, x, y),
    "suite": lambda x, y: jaxeval.Suite({"l1": jaxeval.l1})(x, y),
}


@pytest.mark.parametrize("name", COMPOSED)
def test_checked_tells_in_compiled_functions(name):
    function = COMPOSED[name]
    run = checked(function)
    for a, b in zip(jax.tree.leaves(run(GOOD, GOOD)), jax.tree.leaves(jax.jit(function)(GOOD, GOOD)), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-6)
    for text, limits in WRONG.items():
        bad = jnp.broadcast_to(frames(*limits).reshape(-1)[:2].repeat(32)[:, None], (3, 64, 64, 3))
        with pytest.raises(ValueError, match="^" + re.escape(text)):
            run(bad, GOOD)
    run(GOOD, GOOD)


def test_without_it_compiled_functions_check_nothing_before_and_after():
    compiled = jax.jit(jaxeval.psnr)
    before = compiled(frames(0, 255), GOOD)
    with pytest.raises(ValueError, match=re.escape(LEVELS)):
        checked(compiled)(frames(0, 255), GOOD)
    np.testing.assert_array_equal(compiled(frames(0, 255), GOOD), before)
    assert "check" not in str(jax.make_jaxpr(compiled)(GOOD, GOOD))


def test_it_is_compiled_once():
    traces = []

    def function(x, y):
        traces.append(x.shape)
        return jaxeval.l1(x, y)

    run = checked(function)
    for _ in range(3):
        run(GOOD, y=GOOD)
    assert len(traces) == 1


@pytest.mark.parametrize("around", [jax.jit, jax.vmap])
def test_it_stands_outside(around):
    with pytest.raises(ValueError, match=r"Expected jaxeval\.checked outside jax\.jit, jax\.vmap and jax\.grad"):
        around(checked(jaxeval.l1))(
            GOOD[None] if around is jax.vmap else GOOD, GOOD[None] if around is jax.vmap else GOOD
        )


def test_other_checks_inside_are_told_as_they_are():
    from jax.experimental import checkify

    def function(x):
        checkify.check(x > 0, "Expected more than 0, got {x}.", x=x)
        return x

    with pytest.raises(ValueError, match=r"^Expected more than 0, got -1\.0\.$"):
        checked(function)(-1.0)


def test_a_checked_function_of_ones_own():
    @edge(picture=FRAMES)
    def mean(picture):
        return picture.mean()

    with pytest.raises(ValueError, match=re.escape(SIGNED)):
        mean(frames(-1, 1))


@pytest.mark.parametrize("around", [jax.jit, jax.vmap, checked])
def test_what_a_traced_function_closes_over_is_concrete(around):
    x, levels = GOOD[None] if around is jax.vmap else GOOD, frames(0, 255)
    around(lambda x: jaxeval.l1(x, GOOD))(x)
    with pytest.raises(ValueError, match=re.escape(LEVELS)):
        around(lambda x: jaxeval.l1(x, levels))(x)
