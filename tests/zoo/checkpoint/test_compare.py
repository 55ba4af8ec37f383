"""Differences between models made one at a time; equal models in any order of tensors have none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from model_folders import arrays

from zoo.checkpoint.compare import Difference, differences
from zoo.checkpoint.dtypes import from_numpy
from zoo.core.hashing import RawTensor, densified_hash


def model(**changes: object) -> list[RawTensor]:
    """The toy model; keywords replace arrays by name (``fc_bias``), None leaves one out."""
    values: dict[str, object] = {**arrays(), **{name.replace("_", ".", 1): value for name, value in changes.items()}}
    return [from_numpy(name, np.asarray(value)) for name, value in values.items() if value is not None]


def changed(name: str, index: int, value: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    array = arrays()[name].copy()
    array.reshape(-1)[index] = value
    return array


def test_one_model_in_any_order_has_no_differences() -> None:
    assert differences(model(), model()[::-1]) == []
    assert differences([], []) == []


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (model(fc_bias=None), [("names", "only in the first fc.bias")]),
        (model(more_bias=np.ones(2, np.float32)), [("names", "only in the second more.bias")]),
        (model(fc_bias=np.ones(6, np.float32)), [("shapes", "fc.bias is [5] and [6]")]),
        (model(fc_bias=arrays()["fc.bias"].astype(np.float16)), [("dtypes", "1 tensor is F32 and F16")]),
        (model(fc_bias=changed("fc.bias", 1, 9.0)), [("masks", "1 of fc.bias")]),
        (model(fc_bias=changed("fc.bias", 0, 9.0)), [("values", "1 of fc.bias")]),
        (model(conv_weight=changed("conv.weight", 0, 0.0)), [("values", "1 of conv.weight")]),
        (model(conv_weight=changed("conv.weight", 30, -0.0)), [("masks", "1 of conv.weight")]),
        (
            model(bn_running_mean=np.ones(4, np.float32), fc_bias=changed("fc.bias", 0, 9.0)),
            [("masks", "4 of bn.running_mean"), ("values", "1 of fc.bias")],
        ),
    ],
)
def test_each_kind_of_difference_is_named_and_counted(other: list[RawTensor], expected: list[tuple[str, str]]) -> None:
    assert differences(model(), other) == [Difference(*pair) for pair in expected]  # type: ignore[arg-type]
    assert densified_hash(model()) != densified_hash(other)


def test_many_differences_are_listed_in_short() -> None:
    few = [from_numpy(f"layer{index}.bias", np.ones(2, np.float32)) for index in range(9)]
    other = [from_numpy(f"layer{index}.bias", np.zeros(2, np.float32)) for index in range(9)]
    (found,) = differences(few, other)
    assert str(found) == "masks: 2 of layer0.bias, 2 of layer1.bias, 2 of layer2.bias and 6 more"


def test_nan_payloads_count_as_values() -> None:
    bits = [np.array([0x7FC00000], "<u4"), np.array([0x7FC00001], "<u4")]
    here, there = ([from_numpy("a.bias", one.view("<f4"))] for one in bits)
    assert differences(here, there) == [Difference("values", "1 of a.bias")]
    assert differences(here, here) == []


@given(st.integers(0, 55), st.integers(0, 7))
def test_any_flipped_bit_is_found(index: int, bit: int) -> None:
    """Equal lists of differences and equal hashes are one statement."""
    tensors = model()
    data = bytearray(tensors[3].data)
    data[index % len(data)] ^= 1 << bit
    other = [*tensors[:3], tensors[3]._replace(data=bytes(data)), *tensors[4:]]
    found = differences(tensors, other)
    assert len(found) == 1
    assert found[0].what in ("masks", "values")
    assert densified_hash(tensors) != densified_hash(other)
