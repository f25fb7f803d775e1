"""The oracles against one another."""

import numpy as np
import pytest

from .oracles import enumerated, inside, looped, only_inside, random_cost, swept


@pytest.mark.parametrize("gamma", [1.0, 1e-2, 1e-4])
@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (30, 41)])
def test_anti_diagonals_and_rows_lead_to_the_same(shape, gamma):
    cost = random_cost(*shape)
    expected, expected_alignment, _ = looped(cost, gamma)
    value, alignment = swept(cost, gamma)
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    np.testing.assert_allclose(alignment, expected_alignment, atol=1e-9)


@pytest.mark.parametrize("gamma", [0.0, 0.1])
def test_forbidden_cells_are_those_no_path_visits(gamma):
    cost = random_cost(5, 4)
    expected, expected_alignment = enumerated(cost, gamma, inside(5, 4, 1))
    value, alignment = swept(only_inside(cost, 1), gamma)
    np.testing.assert_allclose(value, expected, rtol=1e-12)
    np.testing.assert_allclose(alignment, expected_alignment, atol=1e-12)
    assert swept(np.full((3, 3), np.inf), gamma)[0] == np.inf
