"""Whole sparse files: any safetensors reader, streaming, partial reads, and the way back to the dense file."""

import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st
from raw_tensors import names, normal_tensor, random_tensor, raw_tensors
from sparse_reader import read as read_by_the_page

from zoo.checkpoint.errors import SparseFileError, TensorFileError
from zoo.checkpoint.safetensors_file import TensorFile, read_header, read_tensors, write_tensors
from zoo.checkpoint.sparse import codec, iter_sparse, read_sparse, unpack, verify, write_sparse
from zoo.checkpoint.sparse.header import HASH_KEY, TENSORS_KEY
from zoo.core.hashing import DensifiedHasher, RawTensor, densified_hash

MODEL = [
    normal_tensor("layer.conv.weight", "F32", (64, 32, 3, 3), 0.9),
    normal_tensor("layer.half.weight", "BF16", (64, 32, 3, 3), 0.6),
    random_tensor("layer.bn.weight", "F32", (64,), 1.0),
    random_tensor("layer.full", "F32", (5000,), 1.0, symbols=12),
    RawTensor("layer.bn.num_batches_tracked", "I64", (), bytes(8)),
    RawTensor("empty", "F32", (0, 4), b""),
    RawTensor("z" * 5000, "F16", (10_000,), bytes(20_000)),
]


def plain(tensors: list[RawTensor]) -> list[tuple[str, str, tuple[int, ...], bytes]]:
    return [(tensor.name, tensor.dtype, tensor.shape, bytes(tensor.data)) for tensor in tensors]


@pytest.fixture
def sparse(tmp_path: Path) -> Path:
    write_sparse(tmp_path / "model.sparse.safetensors", MODEL)
    return tmp_path / "model.sparse.safetensors"


def test_the_model_of_these_tests_has_every_layout(sparse: Path) -> None:
    described = read_header(sparse).metadata[TENSORS_KEY]
    assert all(f" {layout} " in described for layout in ("all", "bits", "gaps"))


def test_a_sparse_file_reads_as_the_dense_one(sparse: Path, tmp_path: Path) -> None:
    write_tensors(tmp_path / "dense", MODEL)
    assert plain(read_sparse(sparse)) == plain(read_tensors(tmp_path / "dense"))
    assert sparse.stat().st_size < 0.4 * (tmp_path / "dense").stat().st_size


@given(
    tensors=st.dictionaries(names, raw_tensors(max_elements=200), max_size=5),
    smallest=st.sampled_from([0, 64]),
    saving=st.sampled_from([-100.0, 0.0, 0.125]),
)
def test_any_model_survives(
    tensors: dict[str, RawTensor], smallest: int, saving: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    model = [tensor._replace(name=name) for name, tensor in tensors.items()]
    path = tmp_path_factory.mktemp("models") / "m.safetensors"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codec, "SMALLEST_BYTES", smallest)
        patch.setattr(codec, "LEAST_SAVING", saving)
        found = write_sparse(path, model)
    assert found == densified_hash(model) == verify(path)
    expected = {tensor.name: tensor[1:] for tensor in model}
    assert {row[0]: row[1:] for row in plain(read_sparse(path, verify=True))} == expected
    assert read_by_the_page(path.read_bytes()) == expected


def test_any_safetensors_reader_lists_the_model_and_reads_what_is_not_encoded(sparse: Path) -> None:
    found = safetensors.numpy.load_file(sparse)
    assert sorted(found) == sorted(tensor.name for tensor in MODEL)
    assert found["layer.bn.weight"].tobytes() == MODEL[2].data
    assert found["layer.conv.weight"].dtype == np.uint8
    with safetensors.safe_open(sparse, "numpy") as opened:
        assert opened.metadata()["format"] == "pt"


def test_the_library_lays_the_same_tensors_out_alike(sparse: Path, tmp_path: Path) -> None:
    """Metadata aside, whose order is the library's whim."""
    header = read_header(sparse)
    (tmp_path / "theirs").write_bytes(safetensors.numpy.save(safetensors.numpy.load_file(sparse), header.metadata))
    theirs = read_header(tmp_path / "theirs")
    assert theirs == header
    assert (tmp_path / "theirs").read_bytes()[theirs.data_start :] == sparse.read_bytes()[header.data_start :]


def test_equal_tensors_are_equal_bytes_in_any_order(sparse: Path, tmp_path: Path) -> None:
    write_sparse(tmp_path / "again", MODEL[::-1])
    assert (tmp_path / "again").read_bytes() == sparse.read_bytes()


def test_the_way_back_is_byte_equal(sparse: Path, tmp_path: Path) -> None:
    write_tensors(tmp_path / "dense", MODEL, {"format": "pt", "by": "somebody"})
    write_sparse(sparse, read_tensors(tmp_path / "dense"), {"format": "pt", "by": "somebody"})
    assert unpack(sparse, tmp_path / "unpacked") == densified_hash(MODEL)
    assert (tmp_path / "unpacked").read_bytes() == (tmp_path / "dense").read_bytes()


def test_named_tensors_cost_their_own_bytes_only(sparse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touched: list[str] = []
    read = TensorFile.read

    def recorded(self: TensorFile, entry: Any) -> bytes:
        touched.append(entry.name)
        return read(self, entry)

    monkeypatch.setattr(TensorFile, "read", recorded)
    wanted = ["layer.half.weight", "layer.bn.weight"]
    assert {row[0]: row for row in plain(read_sparse(sparse, wanted))} == {
        row[0]: row for row in plain([MODEL[1], MODEL[2]])
    }
    assert sorted(touched) == sorted(wanted)
    with pytest.raises(TensorFileError, match="holds no tensor 'absent'"):
        read_sparse(sparse, ["absent"])


def test_tensors_stream_in_and_out_one_at_a_time(tmp_path: Path) -> None:
    """Twelve tensors of 1.2 MB: the peak stays below five of them, of which encoding a tensor takes some."""
    elements = 300_000

    def tensors() -> Iterator[RawTensor]:
        for index in range(12):
            yield normal_tensor(f"w{index:02}", "F32", (elements,), 0.9, seed=index)

    expected = densified_hash(tensors())
    stages: list[Callable[[], str]] = [
        lambda: write_sparse(tmp_path / "w", tensors()),
        lambda: densified_hash_in_passing(tmp_path / "w"),
    ]
    for stage in stages:
        tracemalloc.start()
        try:
            assert stage() == expected
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 5 * 4 * elements


def densified_hash_in_passing(path: Path) -> str:
    hasher = DensifiedHasher()
    for tensor in iter_sparse(path):
        hasher.update(tensor)
    return hasher.value()


def test_tensors_come_by_name(sparse: Path) -> None:
    found = [tensor.name for tensor in iter_sparse(sparse)]
    assert found == sorted(found, key=str.encode)


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        (iter([MODEL[0], MODEL[0]]), "does not come after"),
        (iter([MODEL[1], MODEL[0]]), "does not come after"),
        ([MODEL[0], MODEL[0]], "does not come after"),
        ([RawTensor("w", "F4", (1,), b"1234")], "unknown dtype"),
        ([RawTensor("w", "F32", (2,), b"1234")], "takes 8 bytes"),
        ([RawTensor("w\0", "F32", (1,), b"1234")], "NUL"),
        ([RawTensor("__metadata__", "F32", (1,), b"1234")], "stands twice"),
    ],
)
def test_nothing_malformed_is_written(tensors: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(TensorFileError, match=message):
        write_sparse(tmp_path / "w", tensors)
    assert list(tmp_path.iterdir()) == []


def test_a_false_hash_is_found_when_asked_for(sparse: Path) -> None:
    data = sparse.read_bytes()
    claimed = read_header(sparse).metadata[HASH_KEY].encode()
    sparse.write_bytes(data.replace(claimed, b"d1:" + b"0" * 64))
    read_sparse(sparse)
    attempts: list[Callable[[], object]] = [
        lambda: read_sparse(sparse, verify=True),
        lambda: verify(sparse),
        lambda: unpack(sparse, sparse),
    ]
    for attempt in attempts:
        with pytest.raises(SparseFileError, match=f"d1:{'0' * 64}, its tensors have {claimed.decode()}"):
            attempt()


def test_a_tensor_kept_as_it_is_is_covered_by_the_hash_alone(sparse: Path) -> None:
    data = sparse.read_bytes()
    start = data.index(memoryview(MODEL[2].data).tobytes())
    sparse.write_bytes(data[:start] + bytes([data[start] ^ 1]) + data[start + 1 :])
    with pytest.raises(SparseFileError, match="its tensors have"):
        verify(sparse)


def test_an_empty_model_is_a_model(tmp_path: Path) -> None:
    assert write_sparse(tmp_path / "none", []) == densified_hash([])
    assert read_sparse(tmp_path / "none", verify=True) == []


def test_what_is_read_cannot_be_written_to(sparse: Path) -> None:
    for tensor in read_sparse(sparse):
        assert memoryview(tensor.data).readonly
