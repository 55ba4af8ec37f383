"""Counted bytes against encodings that are really built, by numpy, scipy and a loop written for the test."""

import math
from collections import Counter
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse import csr_array
from scipy.stats import entropy

from zoo.checkpoint.dtypes import from_numpy, to_numpy
from zoo.checkpoint.encoded_sizes import ENCODINGS, Sizes
from zoo.checkpoint.passport import measure_tensors
from zoo.core.hashing import RawTensor

DTYPES = ["<f4", "<f2", "<f8", "bf16"]


def tensor(name: str, shape: tuple[int, ...], density: float, dtype: str, seed: int = 0) -> RawTensor:
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(shape) * (rng.random(shape) < density)
    if dtype == "bf16":
        bits = values.astype("<f4").view("<u4") >> 16
        return RawTensor(name, "BF16", shape, bits.astype("<u2").tobytes())
    return from_numpy(name, values.astype(dtype))


def sizes(*tensors: RawTensor) -> dict[str, int]:
    encodings = measure_tensors(tensors).encodings
    assert encodings is not None
    return encodings


def bitmask_bytes(raw: RawTensor) -> int:
    kept = to_numpy(raw).reshape(-1) != 0
    item = len(raw.data) // max(kept.size, 1)
    values = np.frombuffer(raw.data, np.uint8).reshape(-1, item)[kept]
    return int(np.packbits(kept).nbytes) + int(values.nbytes)


def csr_bytes(raw: RawTensor) -> int:
    """scipy has no bf16, so the matrix is built of its bits (-0.0 is not drawn)."""
    item = len(raw.data) // math.prod(raw.shape)
    bits = np.frombuffer(raw.data, f"<u{item}").reshape(raw.shape[0], -1)
    values: Any = np.where(to_numpy(raw).reshape(bits.shape) != 0, bits, 0)
    matrix: Any = csr_array(values)
    return int(matrix.data.nbytes + matrix.indices.astype(np.int32).nbytes + matrix.indptr.astype(np.int32).nbytes)


def gap_bytes(raw: RawTensor) -> int:
    """One pass over the weights: a byte for each kept one, and one for each 255 zeros on the way to it."""
    out, zeros = bytearray(), 0
    item = len(raw.data) // max(math.prod(raw.shape), 1)
    kept = 0
    for value in to_numpy(raw).reshape(-1):
        if value == 0:
            zeros += 1
            continue
        while zeros >= 255:
            out.append(255)
            zeros -= 255
        out.append(zeros)
        zeros, kept = 0, kept + 1
    return len(out) + kept * item


def floor_bits(raw: RawTensor) -> float:
    """scipy's entropy, in bits, of the mask and of each byte plane of the kept values."""
    kept = to_numpy(raw).reshape(-1) != 0
    item = len(raw.data) // max(kept.size, 1)
    planes = np.frombuffer(raw.data, np.uint8).reshape(-1, item)[kept].T
    total = kept.size * entropy(list(Counter(kept.tolist()).values()), base=2)
    return float(total + sum(len(plane) * entropy(list(Counter(plane.tolist()).values()), base=2) for plane in planes))


@given(
    st.sampled_from([(5, 7), (16, 8, 3, 3), (300, 1), (1, 2000), (33, 33), (4, 1, 5, 5)]),
    st.sampled_from([0.0, 0.01, 0.1, 0.5, 0.9, 1.0]),
    st.sampled_from(DTYPES),
    st.integers(0, 2**32 - 1),
)
def test_every_count_is_that_of_a_real_encoding(shape: tuple[int, ...], density: float, dtype: str, seed: int) -> None:
    raw = tensor("a.weight", shape, density, dtype, seed)
    found = sizes(raw)
    assert tuple(found) == ENCODINGS
    assert found["dense"] == len(raw.data)
    assert found["bitmask"] == bitmask_bytes(raw)
    assert found["csr"] == csr_bytes(raw)
    assert found["gaps"] == gap_bytes(raw)
    expected = 0.0 if density == 0 else floor_bits(raw)
    assert found["floor"] == pytest.approx(expected / 8, abs=1.001)
    assert found["floor"] >= expected / 8 - 1e-6, "rounded up"
    assert found["floor"] <= min(found.values()) + 1


def test_a_model_is_the_sum_and_what_is_not_prunable_is_written_as_it_is() -> None:
    weights = [tensor("a.weight", (64, 32), 0.1, "<f4"), tensor("b.weight", (8, 4, 3, 3), 0.3, "<f2", 1)]
    rest = [
        from_numpy("a.bias", np.zeros(64, np.float32)),
        from_numpy("bn.running_var", np.ones(8, np.float32)),
        from_numpy("steps", np.array(3, np.int64)),
        from_numpy("nothing.weight", np.zeros((0, 4), np.float32)),
    ]
    found = sizes(*weights, *rest)
    alone = [sizes(raw) for raw in weights]
    for name in ("bitmask", "csr", "gaps"):
        # An empty matrix still has its one row pointer.
        assert found[name] == sum(one[name] for one in alone) + 64 * 4 + 8 * 4 + 8 + (4 if name == "csr" else 0)
    assert found["floor"] <= sum(one["floor"] for one in alone), "zeros, ones and one number tell nothing"


def test_gaps_longer_than_a_byte_take_more() -> None:
    values = np.zeros((1, 1024), np.float32)
    values[0, [254, 510, 1021]] = 1  # gaps of 254, 255 and 510
    assert sizes(from_numpy("a.weight", values))["gaps"] == 3 * 5 + 0 + 1 + 2


def test_minus_zero_is_zero_and_nan_is_not() -> None:
    values = np.array([[-0.0, np.nan], [0.0, 1.0]], np.float32)
    assert sizes(from_numpy("a.weight", values))["bitmask"] == 1 + 2 * 4


def test_the_real_sparse_file_lies_near_the_floor(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Magnitude masks of normal weights, as in the first table of the speed page: at most six per cent above."""
    from zoo.checkpoint.sparse import write_sparse

    rng = np.random.default_rng(0)
    tensors = []
    for index, density in enumerate((0.2, 0.1, 0.05)):
        values: npt.NDArray[np.float32] = rng.normal(0, 0.05, (512, 1024)).astype(np.float32)
        values[np.abs(values) < np.quantile(np.abs(values), 1 - density)] = 0
        tensors.append(from_numpy(f"{index}.weight", values))
    path = tmp_path_factory.mktemp("file") / "model.sparse.safetensors"
    write_sparse(path, tensors)
    floor = sizes(*tensors)["floor"]
    assert 0.99 * floor < path.stat().st_size < 1.06 * floor


def test_the_order_of_tensors_does_not_matter() -> None:
    tensors = [tensor(f"{index}.weight", (64, 64), 0.1 * index, "<f4", index) for index in range(6)]
    totals = []
    for order in (tensors, tensors[::-1]):
        total = Sizes()
        for raw in order:
            total.add(raw, to_numpy(raw) != 0, prunable=True)
        totals.append(total.total())
    assert totals[0] == totals[1]
