"""A suite is its metrics, one by one; each encoder runs once over each clip."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import jaxeval
from jaxeval.checkpoints import load_encoder
from jaxeval.metrics.perceptual import feature_costs


@jax.tree_util.register_pytree_node_class
class Blocks:
    """An encoder without a network: mean colours of a frame's quarters, times a gain; it counts its calls."""

    def __init__(self, gain, calls):
        self.gain, self.calls = gain, calls

    def __call__(self, frames):
        self.calls.append(len(frames))
        count, height, width, _ = frames.shape
        return self.gain * frames.reshape(count, 2, height // 2, 2, width // 2, 3).mean(axis=(2, 4)).reshape(count, -1)

    def tree_flatten(self):
        return (self.gain,), self.calls

    @classmethod
    def tree_unflatten(cls, calls, children):
        return cls(children[0], calls)


class Calls(list):
    """A list that is one and the same for JAX's caches."""

    __hash__ = object.__hash__

    def __eq__(self, other):
        return self is other


def clip(frames, seed=0, side=16):
    walk = np.random.default_rng(seed).normal(size=(frames, side, side, 3)).cumsum(axis=0)
    return jnp.asarray(1 / (1 + np.exp(-walk)), jnp.float32)


ALIGNED = jaxeval.aligned(jaxeval.distances.squared_euclidean, gamma=0.01)


def suite(calls):
    metrics = {
        "psnr": jaxeval.psnr,
        "l1": jaxeval.l1,
        "csim": jaxeval.OnEncoder("blocks", jaxeval.csim),
        "id_distance": jaxeval.OnEncoder("blocks", jaxeval.id_distance),
        "blocks": jaxeval.OnEncoder("blocks", ALIGNED),
    }
    return jaxeval.Suite(metrics, encoders={"blocks": Blocks(jnp.float32(2.0), calls)})


def test_it_is_its_metrics_and_runs_each_encoder_once_a_clip():
    x, y, calls = clip(9), clip(7, seed=1), Calls()
    found = suite(calls)(x, y)
    assert list(calls) == [9, 7]
    a, b = (Blocks(2.0, [])(frames) for frames in (x, y))
    expected = ALIGNED(a, b)
    for name, value in zip(expected._fields, found["blocks"], strict=True):
        np.testing.assert_allclose(value, getattr(expected, name), rtol=1e-6, err_msg=name)
    cosines = [
        np.dot(p, q) / np.linalg.norm(p) / np.linalg.norm(q)
        for p, q in zip(np.float64(a[:7]), np.float64(b), strict=True)
    ]
    np.testing.assert_allclose(found["csim"], np.mean(cosines), rtol=1e-6)
    np.testing.assert_allclose(found["id_distance"], np.linalg.norm(np.float64(a[:7] - b), axis=1).mean(), rtol=1e-6)
    np.testing.assert_allclose(found["l1"], np.abs(np.float64(x[:7] - y)).mean(), rtol=1e-6)


def test_padding_counts_for_nothing():
    x, y = clip(9), clip(7, seed=1)
    padded = [jnp.concatenate([frames, jnp.full((5, *frames.shape[1:]), jnp.nan)]) for frames in (x, y)]
    expected = suite(Calls())(x, y)
    found = jax.jit(lambda suite, x, y, t, s: suite(x, y, lengths=(t, s)))(suite(Calls()), *padded, 9, 7)
    for name in ("psnr", "l1", "csim", "id_distance"):
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-5)
    for name in ("framewise", "seq", "divergence", "lag", "lag_std"):
        value, truth = (getattr(scores["blocks"], name) for scores in (found, expected))
        np.testing.assert_allclose(value, truth, rtol=1e-4, atol=1e-6)


def test_a_batch_is_vmap_and_equals_a_loop():
    x, y = jnp.stack([clip(6, seed) for seed in range(3)]), jnp.stack([clip(6, seed) for seed in range(3, 6)])
    lengths = jnp.array([6, 4, 5]), jnp.array([3, 6, 5])
    batched = jax.jit(jax.vmap(jaxeval.Suite.__call__, in_axes=(None, 0, 0, 0)))(suite(Calls()), x, y, lengths)
    for k in range(3):
        one = suite(Calls())(x[k], y[k], lengths=(int(lengths[0][k]), int(lengths[1][k])))
        leaves = zip(
            jax.tree.leaves(jax.tree.map(lambda rows, k=k: rows[k], batched)), jax.tree.leaves(one), strict=True
        )
        for found, expected in leaves:
            np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_weights_are_arguments_and_have_gradients():
    x, y = clip(5), clip(5, seed=1)

    def loss(gain, frames):
        metrics = {"d": jaxeval.OnEncoder("blocks", ALIGNED)}
        return jaxeval.Suite(metrics, encoders={"blocks": Blocks(gain, Calls())})(frames, y)["d"].divergence

    gain, step = jnp.float32(2.0), 1e-2
    slope = (loss(gain + step, x) - loss(gain - step, x)) / (2 * step)
    np.testing.assert_allclose(jax.grad(loss)(gain, x), slope, rtol=2e-3)
    assert float(jnp.abs(jax.grad(loss, argnums=1)(gain, x)).max()) > 0
    assert len(jax.tree.leaves(suite(Calls()))) == 1


def test_lpips_features_give_lpips_of_all_pairs():
    encoder = load_encoder("st_lpips_alex")
    x, y = clip(4, side=64), clip(3, seed=1, side=64)
    perceptual = jaxeval.OnEncoder("perceptual", jaxeval.aligned(feature_costs, gamma=1e-3))
    both = jaxeval.Suite({"st_lpips": perceptual}, encoders={"perceptual": jaxeval.LpipsFeatures(encoder)})
    padded = [jnp.concatenate([frames, jnp.full((2, 64, 64, 3), jnp.nan)]) for frames in (x, y)]
    score = jax.jit(lambda suite, x, y, t, s: suite(x, y, lengths=(t, s)))(both, *padded, 4, 3)["st_lpips"]
    np.testing.assert_allclose(score.framewise, jax.jit(jaxeval.lpips)(encoder, x[:3], y).mean(), rtol=1e-4)
    matrix = jax.jit(jaxeval.lpips_matrix)
    matrices = (matrix(encoder, *pair) for pair in ((x, y), (x, x), (y, y)))
    expected = jaxeval.metrics.aligned.aligned_from_costs(*matrices, gamma=1e-3)
    np.testing.assert_allclose(score.divergence, expected.divergence, rtol=1e-4)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: jaxeval.Suite({"a": jaxeval.OnEncoder("identity", jaxeval.csim)}),
            "Expected a to use one of .*'identity'",
        ),
        (lambda: jaxeval.Suite({}, encoders={"frames": len}), "Expected encoder names other than"),
        (lambda: suite([])(clip(3), clip(3, side=8)), "Expected frames .* of one size"),
        (lambda: suite([])(clip(3), clip(3), lengths=(4, 3)), r"Expected lengths\[0\] in 1..3"),
        (
            lambda: jaxeval.Suite({"d": lambda x, y: x.sum()})(clip(3), clip(4)),
            "Expected d to give a value for each",
        ),
        (lambda: jaxeval.Suite({"d": lambda x, y: x[:, 0, 0]})(clip(3), clip(3)), r"got shape \(3, 3\)"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()
