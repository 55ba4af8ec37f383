"""The container: pinned by literal bytes, compared with the safetensors library, and hostile files."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors
import safetensors.numpy
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from zoo.checkpoint import safetensors_file
from zoo.checkpoint.errors import TensorFileError
from zoo.checkpoint.safetensors_file import (
    MAX_HEADER_BYTES,
    from_numpy,
    parse_header,
    read_header,
    read_tensors,
    write_tensors,
)
from zoo.core.hashing import RawTensor

# Written by hand from the format's description: length, header padded to eight bytes, little-endian 1.0 and -0.0.
HEADER = b'{"__metadata__":{"format":"pt"},"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}   '
DATA = b"\x00\x00\x80\x3f\x00\x00\x00\x80"
FILE = b"\x58\x00\x00\x00\x00\x00\x00\x00" + HEADER + DATA


def packed(header: Any, data: bytes = b"") -> bytes:
    """A file around a header that may be anything."""
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + data


def entry(dtype: Any = "F32", shape: Any = (1,), offsets: Any = (0, 4), **more: Any) -> dict[str, Any]:
    return {"dtype": dtype, "shape": shape, "data_offsets": offsets, **more}


def test_written_bytes_are_the_literal_ones(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    write_tensors(path, [RawTensor("w", "F32", (2,), DATA)])
    assert path.read_bytes() == FILE


def test_literal_bytes_are_read_exactly(tmp_path: Path) -> None:
    path = tmp_path / "w.safetensors"
    path.write_bytes(FILE)
    (tensor,) = read_tensors(path)
    assert (tensor.name, tensor.dtype, tensor.shape, bytes(tensor.data)) == ("w", "F32", (2,), DATA)
    header = read_header(path)
    assert header.metadata == {"format": "pt"}
    assert header.data_start == 8 + 0x58


# As strings: pytest-xdist compares test ids, and numpy's are not stable.
DTYPES = ["<f8", "<f4", "<f2", "<i8", "<i4", "<i2", "|i1", "<u8", "<u4", "<u2", "|u1", "|b1"]

tensor_arrays = st.sampled_from(DTYPES).flatmap(
    lambda dtype: arrays(np.dtype(dtype), array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=5))
)


names = st.text(min_size=1, max_size=8).filter(lambda name: name != "__metadata__" and "\0" not in name)


@given(values=st.dictionaries(names, tensor_arrays))
def test_files_are_byte_equal_to_the_library(
    values: dict[str, np.ndarray[Any, Any]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("files") / "t.safetensors"
    write_tensors(path, [from_numpy(name, array) for name, array in values.items()])
    assert path.read_bytes() == safetensors.numpy.save(values, {"format": "pt"})
    ours = {tensor.name: bytes(tensor.data) for tensor in read_tensors(path)}
    assert ours == {name: array.tobytes() for name, array in safetensors.numpy.load_file(path).items()}


def test_order_of_tensors_and_metadata_does_not_matter(tmp_path: Path) -> None:
    tensors = [
        from_numpy(name, np.arange(3, dtype=dtype)) for name, dtype in (("b", "<f4"), ("a", "<f4"), ("c", "<i8"))
    ]
    write_tensors(tmp_path / "1", tensors, {"x": "1", "y": "2"})
    write_tensors(tmp_path / "2", tensors[::-1], {"y": "2", "x": "1"})
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


HOSTILE = {
    "empty file": (b"", "too few"),
    "seven bytes": (b"\0" * 7, "too few"),
    "absurd header length": (b"\xff" * 8 + b"{}", "header claims"),
    "header longer than the file": (packed({})[:-1], "header claims"),
    "not JSON": (packed(b"{nope}"), "strict JSON"),
    "not UTF-8": (packed(b'{"\xff":1}'), "strict JSON"),
    "not an object": (packed([]), "JSON object"),
    "leading space": (packed(b" {}"), "JSON object"),
    "deep nesting": (packed(b'{"a":' * 100_000), "strict JSON"),
    "number beyond Python's limit": (packed(b'{"a":' + b"9" * 5000 + b"}"), "strict JSON"),
    "doubled tensor": (packed(b'{"w":{},"w":{}}'), "'w' stands twice"),
    "doubled field": (packed(b'{"w":{"dtype":"F32","dtype":"F32"}}'), "'dtype' stands twice"),
    "NUL in a name": (packed(b'{"\\u0000":' + json.dumps(entry()).encode() + b"}", b"1234"), "NUL"),
    "offset beyond 64 bits": (packed({"w": entry(offsets=[0, 2**63])}, b"1234"), "too large"),
    "NaN": (packed(b'{"w":NaN}'), "NaN"),
    "metadata not strings": (packed({"__metadata__": {"format": 1}}), "__metadata__"),
    "metadata not an object": (packed({"__metadata__": "pt"}), "__metadata__"),
    "entry not an object": (packed({"w": 3}), "'w'.*exactly dtype"),
    "missing field": (packed({"w": {"dtype": "F32", "shape": []}}), "'w'.*exactly dtype"),
    "surplus field": (packed({"w": entry(extra=1)}, b"1234"), "'w'.*exactly dtype"),
    "unknown dtype": (packed({"w": entry("F4")}, b"1234"), "'w'.*unknown dtype 'F4'"),
    "dtype not a string": (packed({"w": entry(["F32"])}, b"1234"), "'w'.*unknown dtype"),
    "negative size": (packed({"w": entry(shape=[-1])}, b"1234"), "'w'.*integers from 0"),
    "size true": (packed({"w": entry(shape=[True])}, b"1234"), "'w'.*integers from 0"),
    "size fraction": (packed({"w": entry(shape=[1.0])}, b"1234"), "'w'.*integers from 0"),
    "three offsets": (packed({"w": entry(offsets=[0, 4, 4])}, b"1234"), "'w'.*integers from 0"),
    "shape and bytes differ": (packed({"w": entry(shape=[2])}, b"1234"), "'w'.*takes 8 bytes, the offsets give 4"),
    "huge shape": (packed({"w": entry(shape=[2**62, 2**62])}, b"1234"), "'w'.*takes"),
    "end before begin": (packed({"w": entry(offsets=[4, 0])}, b"1234"), "'w'.*offsets give -4"),
    "hole at the start": (packed({"w": entry(offsets=[1, 5])}, b"12345"), "'w' leaves a hole"),
    "hole between": (packed({"v": entry(), "w": entry(offsets=[5, 9])}, b"123456789"), "'w' leaves a hole"),
    "overlap": (packed({"v": entry(), "w": entry(offsets=[2, 6])}, b"123456"), "'w' overlaps"),
    "same bytes twice": (packed({"v": entry(), "w": entry()}, b"1234"), "'w' overlaps"),
    "data cut": (packed({"w": entry()}, b"123"), "take 4 bytes, the file holds 3"),
    "data left over": (packed({"w": entry()}, b"12345"), "take 4 bytes, the file holds 5"),
    "name half a surrogate pair": (
        packed(b'{"\\ud800":' + json.dumps(entry()).encode() + b"}", b"1234"),
        "strict JSON.*surrogates",
    ),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_hostile_file_is_one_clear_error(case: str, tmp_path: Path) -> None:
    data, message = HOSTILE[case]
    path = tmp_path / "hostile.safetensors"
    path.write_bytes(data)
    with pytest.raises(TensorFileError, match=message) as caught:
        read_tensors(path)
    assert "hostile.safetensors" in caught.value.message


@pytest.mark.parametrize("length", range(len(FILE)))
def test_every_truncation_is_refused(length: int, tmp_path: Path) -> None:
    path = tmp_path / "cut.safetensors"
    path.write_bytes(FILE[:length])
    with pytest.raises(TensorFileError):
        read_tensors(path)


@pytest.mark.parametrize("byte", range(len(FILE) - len(DATA)))
def test_a_flipped_header_bit_never_escapes_the_error_tree(byte: int, tmp_path: Path) -> None:
    """A flip may leave another well-formed file (a name, a metadata value); whatever is read fits its shape."""
    path = tmp_path / "flipped.safetensors"
    for bit in range(8):
        data = bytearray(FILE)
        data[byte] ^= 1 << bit
        path.write_bytes(data)
        try:
            tensors = read_tensors(path)
        except TensorFileError:
            continue
        assert sum(len(tensor.data) for tensor in tensors) == len(DATA)


@given(header=st.binary(max_size=200), data=st.binary(max_size=16))
def test_random_headers_never_escape_the_error_tree(header: bytes, data: bytes) -> None:
    try:
        parsed = parse_header(header, len(data), "random")
    except TensorFileError:
        return
    assert (parsed.entries[-1].end if parsed.entries else 0) == len(data)


def test_header_and_file_are_capped_before_they_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "large.safetensors"
    with path.open("wb") as file:
        file.write((MAX_HEADER_BYTES + 1).to_bytes(8, "little"))
        file.truncate(MAX_HEADER_BYTES + 100)
    with pytest.raises(TensorFileError, match="header claims"):
        read_header(path)
    monkeypatch.setattr(safetensors_file, "MAX_FILE_BYTES", 1000)
    with pytest.raises(TensorFileError, match="at most 1,000"):
        read_header(path)


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TensorFileError, match=r"absent\.safetensors: cannot be read"):
        read_tensors(tmp_path / "absent.safetensors")


@pytest.mark.parametrize(
    ("tensors", "message"),
    [
        ([RawTensor("w", "F32", (1,), DATA[:4])] * 2, "'w' stands twice"),
        ([RawTensor("w", "F4", (1,), DATA[:4])], "unknown dtype"),
        ([RawTensor("w\0", "F32", (1,), DATA[:4])], "NUL"),
        ([RawTensor("w", "F32", (3,), DATA)], "takes 12 bytes, the offsets give 8"),
    ],
)
def test_nothing_malformed_is_written(tensors: list[RawTensor], message: str, tmp_path: Path) -> None:
    with pytest.raises(TensorFileError, match=message):
        write_tensors(tmp_path / "w.safetensors", tensors)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("case", ["overlap", "data cut", "unknown dtype", "doubled tensor", "hole between"])
def test_the_library_refuses_these_too(case: str) -> None:
    """The hostile files are hostile by the format, not by our reading of it."""
    data, _ = HOSTILE[case]
    with pytest.raises(safetensors.SafetensorError):
        safetensors.numpy.load(data)
