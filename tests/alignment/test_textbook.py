"""The textbook's loops against the sum over all paths, which is Soft-DTW's definition."""

import numpy as np
import pytest

from jaxeval.alignment.textbook import soft_dtw_by_loops

from .oracles import differences, enumerated, random_cost


@pytest.mark.parametrize("gamma", [1.0, 1e-2])
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (4, 5), (5, 3)])
def test_it_is_the_sum_over_all_paths(shape, gamma):
    cost = random_cost(*shape)
    expected, expected_alignment = enumerated(cost, gamma)
    value, alignment, weights = soft_dtw_by_loops(cost, gamma)
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    np.testing.assert_allclose(alignment, expected_alignment, atol=1e-12)
    np.testing.assert_allclose(weights.sum(axis=-1), 1, rtol=1e-12)


def test_the_alignment_is_the_gradient():
    cost = random_cost(4, 5).astype(np.float64)
    slopes = differences(lambda cells: np.array(soft_dtw_by_loops(cells.reshape(4, 5), 0.1)[0]), cost.reshape(-1))
    np.testing.assert_allclose(soft_dtw_by_loops(cost, 0.1)[1].reshape(-1), slopes, atol=1e-8)
