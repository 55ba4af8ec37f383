"""When exchanges are due, and how much they exchange."""

import pytest

from zoo.core.errors import UsageError
from zoo.exchanges import ExchangeConfig
from zoo.schedules import CosineDrop


def test_exchanges_are_due_at_the_interval_between_the_first_step_and_the_end() -> None:
    config = ExchangeConfig(interval=4, end=0.5)
    assert [done for done in range(25) if config.is_due(done, 24)] == [4, 8]
    assert [done for done in range(9) if ExchangeConfig(interval=4, end=1.0).is_due(done, 8)] == [4]


def test_the_published_schedule_of_rigl_has_its_golden_values() -> None:
    """α = 0.3 at t = 0, 1/4, 1/2 and 1 of T_end = 25,000 of about 33,333 steps (Evci et al. 2020)."""
    config = ExchangeConfig(end=0.75)
    found = [config.fraction(round(share * 25_000), 33_333) for share in (0.0, 0.25, 0.5, 1.0)]
    assert found == pytest.approx([0.3, 0.256, 0.15, 0.0], abs=1e-4)


def test_a_cosine_with_a_floor_equals_torchs_annealing() -> None:
    """0.2525 half-way from 0.5 to 0.005: ``CosineAnnealingLR(T_max=100, eta_min=0.005)`` of the authors of ITOP."""
    drop = CosineDrop(0.5, 100, floor=0.005)
    assert [drop.fraction(step) for step in (0, 50, 99, 100)] == pytest.approx([0.5, 0.2525, 0.0051221, 0.0], abs=1e-6)


@pytest.mark.parametrize("values", [{"interval": 0}, {"drop": 0.0}, {"drop": 1.0}, {"end": 0.0}, {"end": 1.5}])
def test_impossible_settings_are_refused(values: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="ExchangeConfig needs"):
        ExchangeConfig(**values)  # type: ignore[arg-type]
