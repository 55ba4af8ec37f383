"""Products with the inverse Fisher from gradients alone, against the explicit inverse in double precision."""

import numpy as np
import pytest
import torch
from second_order_oracles import damped_fisher
from wave_networks import golden, wave

from zoo.errors import LostDigitsError, NonFiniteGradientError
from zoo.second_order import matrix_free
from zoo.second_order.blocks import BlockLayout
from zoo.second_order.matrix_free import GradientRows, MatrixFreeInverse

GRADIENTS = wave((24, 60), 0.7, 0.2) * 0.3  # the problem of tests/golden/second_order.json
VECTOR = wave((5, 12), 1.9, 0.3)


@pytest.fixture(params=[2**22, 100], ids=["at once", "in slices"])
def slices(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix_free, "SLICE_ELEMENTS", request.param)


@pytest.mark.parametrize(("m", "size"), [(3, 10), (20, 10), (1, 1), (7, 7)])
@pytest.mark.parametrize("damping", [1.0, 1e-3, 1e-7])
def test_diagonal_and_product_equal_the_explicit_inverse(slices: None, m: int, size: int, damping: float) -> None:
    g = torch.randn(4, m, size, generator=torch.Generator().manual_seed(m))
    x = torch.randn(4, size, generator=torch.Generator().manual_seed(size))
    found = MatrixFreeInverse(g.clone(), damping)
    for block in range(4):
        inverse = np.linalg.inv(damped_fisher(g[block].double().numpy(), damping))
        np.testing.assert_allclose(found.diagonal[block].numpy(), np.diag(inverse), rtol=1e-5)
        expected = inverse @ x[block].double().numpy()
        np.testing.assert_allclose(found.product(x)[block].numpy(), expected, atol=1e-3 * np.abs(expected).max())


def test_the_authors_recursion_over_the_gradients_gives_the_same() -> None:
    theirs = golden("second_order")["mfac_static"]
    layout = BlockLayout((("all", (60,)),), 12)
    rows = GradientRows(layout, 24)
    for part in torch.split(GRADIENTS, 7):
        rows.add({"all": part})
    found = MatrixFreeInverse(rows.rows, 1e-2)
    np.testing.assert_allclose(found.diagonal.flatten().numpy(), theirs["diagonal"], rtol=1e-5)
    np.testing.assert_allclose(found.product(VECTOR).flatten().numpy(), theirs["product"], rtol=1e-4, atol=1e-4)


def test_a_window_of_the_last_gradients_is_the_authors_dynamic_algorithm() -> None:
    """Theirs replaces the oldest of eight gradients five times; the order in which they lie there does not matter."""
    theirs = golden("second_order")["mfac_dynamic_window_of_8_after_13"]["product"]
    found = MatrixFreeInverse(GRADIENTS[5:13].flip(0)[None].clone(), 1e-2)
    np.testing.assert_allclose(found.product(VECTOR.reshape(1, 60))[0].numpy(), theirs, rtol=1e-4, atol=1e-4)


def test_more_gradients_than_weights_and_little_damping_are_held_in_double_precision() -> None:
    g = torch.randn(1, 30, 6, generator=torch.Generator().manual_seed(0))
    x = torch.randn(1, 6, generator=torch.Generator().manual_seed(1))
    found = MatrixFreeInverse(g.clone(), 1e-9)
    inverse = np.linalg.inv(damped_fisher(g[0].double().numpy(), 1e-9))
    np.testing.assert_allclose(found.product(x)[0].numpy(), inverse @ x[0].double().numpy(), rtol=1e-4)


def test_damping_below_double_precision_is_an_error() -> None:
    with pytest.raises(LostDigitsError, match="damping of 1e-30 is lost beside 30 gradients"):
        MatrixFreeInverse(torch.randn(2, 30, 6), 1e-30)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_gradient_that_is_not_finite_is_an_error(value: float) -> None:
    g = torch.randn(2, 3, 6)
    g[1, 2, 4] = value
    with pytest.raises(NonFiniteGradientError, match="NaN or infinity"):
        MatrixFreeInverse(g, 1e-3)


def test_weights_without_gradient_have_the_inverse_of_the_damping() -> None:
    found = MatrixFreeInverse(torch.zeros(2, 3, 4), 1e-4)
    torch.testing.assert_close(found.diagonal, torch.full((2, 4), 1e4, dtype=torch.float64))
    torch.testing.assert_close(found.product(torch.ones(2, 4)), torch.full((2, 4), 1e4, dtype=torch.float64))


def test_rows_lie_in_their_blocks_and_go_on_from_a_state() -> None:
    layout = BlockLayout((("a", (2, 4)), ("b", (5,))), 3)
    gradients = {"a": torch.randn(6, 2, 4), "b": torch.randn(6, 5)}
    whole, first = GradientRows(layout, 6), GradientRows(layout, 6)
    whole.add(gradients)
    first.add({name: g[:4] for name, g in gradients.items()})
    later = GradientRows(layout, 6)
    later.load_state(first.state())
    later.add({name: g[4:] for name, g in gradients.items()})
    assert torch.equal(whole.rows, later.rows)
    for i in range(6):
        assert torch.equal(whole.rows[:, i], layout.gather({name: g[i] for name, g in gradients.items()}))
