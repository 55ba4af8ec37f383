"""Measuring that is stopped in the middle goes on, and ends in the same bits."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from zoo.core.errors import UsageError
from zoo.scratch import Scratch, Slot
from zoo.second_order.accumulate import Sums, accumulate
from zoo.second_order.blocks import BlockLayout
from zoo.second_order.diagonal import DiagonalSum
from zoo.second_order.gram import BlockGram
from zoo.second_order.matrix_free import GradientRows

SHAPES = {"a": (3, 5), "b": (4,)}
LAYOUT = BlockLayout(tuple(SHAPES.items()), 4)
KINDS: dict[str, Callable[[], Any]] = {
    "blocks": lambda: BlockGram(LAYOUT),
    "diagonal": DiagonalSum,
    "rows": lambda: GradientRows(LAYOUT, 12),
}


class KilledError(Exception):
    """Stands for whatever ends a process."""


def stream(stop: int | None = None, asked: list[int] | None = None) -> Callable[[int], Iterator[Mapping[str, Tensor]]]:
    """Twelve gradients in portions of two; the process ends when portion ``stop`` is asked for."""

    def portions(skip: int) -> Iterator[Mapping[str, Tensor]]:
        if asked is not None:
            asked.append(skip)
        for start in range(skip, 12, 2):
            if start == stop:
                raise KilledError
            generator = torch.Generator().manual_seed(start)
            yield {name: torch.randn(2, *shape, generator=generator) for name, shape in SHAPES.items()}

    return portions


def slot(folder: Path, seconds: float = 0.0, key: str = "k") -> Slot:
    return Scratch(folder, "run", seconds).slot("sums", key)


def flat(sums: Sums) -> Tensor:
    state = sums.state()
    values = state["rows" if "rows" in state else "total"]
    return torch.cat([value.flatten() for value in (values.values() if isinstance(values, dict) else [values])])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("stop", [2, 6, 10])
def test_a_killed_measuring_goes_on_and_ends_in_the_same_bits(kind: str, stop: int, tmp_path: Path) -> None:
    straight = KINDS[kind]()
    accumulate(straight, stream())
    with pytest.raises(KilledError):
        accumulate(KINDS[kind](), stream(stop), slot(tmp_path))
    resumed, asked = KINDS[kind](), list[int]()
    accumulate(resumed, stream(asked=asked), slot(tmp_path))
    assert asked == [stop], "what was measured is not measured again"
    assert resumed.count == 12
    assert torch.equal(flat(resumed), flat(straight))


def test_what_was_measured_to_its_end_is_not_measured_again(tmp_path: Path) -> None:
    accumulate(BlockGram(LAYOUT), stream(), slot(tmp_path))
    asked: list[int] = []
    accumulate(BlockGram(LAYOUT), stream(asked=asked), slot(tmp_path))
    assert asked == [12]


def test_a_short_measuring_writes_nothing(tmp_path: Path) -> None:
    accumulate(BlockGram(LAYOUT), stream(), slot(tmp_path, seconds=3600.0))
    assert list(tmp_path.iterdir()) == []


def test_a_state_of_other_weights_is_not_taken(tmp_path: Path) -> None:
    with pytest.raises(KilledError):
        accumulate(BlockGram(LAYOUT), stream(4), slot(tmp_path))
    asked: list[int] = []
    accumulate(BlockGram(LAYOUT), stream(asked=asked), slot(tmp_path, key="other"))
    assert asked == [0]


def test_no_gradient_is_an_error() -> None:
    with pytest.raises(UsageError, match="at least one gradient"):
        accumulate(BlockGram(LAYOUT), lambda _skip: [])
