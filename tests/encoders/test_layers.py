"""The pieces of the networks against plain definitions of them."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from jaxeval.encoders.operations import average_pool, convolve, convolve_in_columns, max_pool


@pytest.mark.parametrize("size", [1, 3, 5, 7])
@pytest.mark.parametrize("stride", [2, 3, 4])
@pytest.mark.parametrize("padding", [0, 2, "SAME"])
@pytest.mark.parametrize("sides", [(16, 17), (23, 12)])
def test_a_convolution_in_columns_is_the_convolution(size, stride, padding, sides):
    rng = np.random.default_rng(size)
    x = jnp.asarray(rng.normal(size=(2, *sides, 3)), jnp.float32)
    kernel = jnp.asarray(rng.normal(size=(size, size, 3, 4)), jnp.float32)
    expected = convolve(x, kernel, stride=stride, padding=padding)
    np.testing.assert_allclose(convolve_in_columns(x, kernel, stride=stride, padding=padding), expected, atol=1e-4)


@pytest.mark.parametrize("sides", [(1, 1), (1, 3), (2, 1), (2, 5)])
@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize(
    ("size", "padding"), [(3, 1), (3, 2), (5, 2), (5, 4), (3, [(0, 4), (3, 1)]), (5, [(0, 4), (3, 1)])]
)
def test_a_convolution_of_a_tiny_map_is_the_sum_over_the_pixels_that_its_kernel_meets(sides, size, stride, padding):
    rng = np.random.default_rng(size)
    x, kernel = rng.normal(size=(2, *sides, 3)), rng.normal(size=(size, size, 3, 4))
    pads = [(padding, padding)] * 2 if isinstance(padding, int) else padding
    padded = np.pad(x, [(0, 0), *pads, (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (size, size), axis=(1, 2))[:, ::stride, ::stride]
    expected = np.einsum("nhwcij,ijcd->nhwd", windows, kernel)
    found = convolve(jnp.asarray(x, jnp.float32), jnp.asarray(kernel, jnp.float32), stride=stride, padding=padding)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_the_gradient_of_a_convolution_in_columns_is_the_convolutions():
    rng = np.random.default_rng(0)
    x, kernel = (jnp.asarray(rng.normal(size=shape), jnp.float32) for shape in ((1, 15, 16, 3), (5, 5, 3, 2)))
    a, b = (
        jax.grad(lambda x, f=f: jnp.sum(jnp.square(f(x, kernel, stride=2, padding=1))))(x)
        for f in (convolve, convolve_in_columns)
    )
    np.testing.assert_allclose(a, b, atol=1e-3)


@pytest.mark.parametrize(("size", "stride", "padding", "ceil"), [(3, 2, 0, True), (3, 2, 1, False), (2, 2, 0, True)])
@pytest.mark.parametrize("side", range(5, 12))
def test_max_pool_is_pytorchs(side, size, stride, padding, ceil):
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle and comes with the extra `convert`")
    x = np.random.default_rng(side).normal(size=(2, side, side + 1, 3)).astype(np.float32)
    given = torch.from_numpy(x).permute(0, 3, 1, 2)
    expected = torch.nn.functional.max_pool2d(given, size, stride, padding, ceil_mode=ceil).permute(0, 2, 3, 1)
    found = max_pool(jnp.asarray(x), size, stride=stride, padding=padding, ceil=ceil)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("count_padding", [True, False])
@pytest.mark.parametrize(("size", "stride"), [(3, 1), (3, 2)])
def test_average_pool_is_pytorchs(size, stride, count_padding):
    torch = pytest.importorskip("torch", reason="PyTorch is the oracle and comes with the extra `convert`")
    x = np.random.default_rng(0).normal(size=(2, 9, 8, 3)).astype(np.float32)
    expected = torch.nn.functional.avg_pool2d(
        torch.from_numpy(x).permute(0, 3, 1, 2), size, stride, 1, count_include_pad=count_padding
    ).permute(0, 2, 3, 1)
    found = average_pool(jnp.asarray(x), size, stride=stride, padding=1, count_padding=count_padding)
    np.testing.assert_allclose(found, expected, atol=1e-6)
