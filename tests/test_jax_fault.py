"""The installed JAX is free of jax#39103, for which the package's metadata excludes some releases."""

import jax
import jax.numpy as jnp
import numpy as np


def test_a_vmapped_matrix_vector_product_then_a_reduction_is_right_beyond_32768_rows():
    # On CPU jax 0.10.2 gives 1065369600 in place of 1073741824 for the last row.
    index = jnp.arange(32_769, dtype=jnp.float32)
    rows = jnp.stack([index, jnp.zeros_like(index), jnp.zeros_like(index)], axis=1)
    squared_length = jax.jit(jax.vmap(lambda row: jnp.sum(jnp.square(jnp.eye(3) @ row))))
    np.testing.assert_array_equal(squared_length(rows), np.square(np.arange(32_769, dtype=np.float32)))
