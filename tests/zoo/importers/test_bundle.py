"""TensorFlow's checkpoints without TensorFlow: its own files are read, and what is wrong or hostile is refused."""

import random
from pathlib import Path
from typing import Any

import pytest
import torch
from tensorflow_bundles import HEADER, block, entry, message, table, varint, write_bundle

from zoo.checkpoint.safetensors_file import MAX_FILE_BYTES
from zoo.errors import ForeignFileError
from zoo.importers._bundle import read_bundle
from zoo.importers._crc32c import crc32c, masked_crc32c
from zoo.importers._sstable import TableError, read_table

WRITTEN_BY_TENSORFLOW = Path(__file__).parent / "rigl" / "mobilenetv1.index"
ONES = torch.ones(2, 3).numpy().tobytes()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"123456789", 0xE3069283),
        (bytes(32), 0x8A9136AA),  # RFC 3720, appendix B.4
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (b"", 0),
    ],
)
def test_checksums_are_those_of_the_standard(data: bytes, expected: int) -> None:
    assert crc32c(data) == expected


@pytest.mark.parametrize("length", [16383, 16384, 16385, 50_001])
def test_long_buffers_are_split_without_a_trace(length: int) -> None:
    """Against the definition: a division of polynomials, bit by bit."""
    data = random.Random(0).randbytes(length)  # noqa: S311
    register = 0xFFFFFFFF
    for byte in data:
        register ^= byte
        for _ in range(8):
            register = register >> 1 ^ (0x82F63B78 if register & 1 else 0)
    assert crc32c(data) == register ^ 0xFFFFFFFF


def test_a_file_of_tensorflow_is_read() -> None:
    """Keys that share prefixes, several restart points; the values are compared through logits in test_rigl.py."""
    found = read_bundle(WRITTEN_BY_TENSORFLOW)
    assert len(found) == 166
    assert found["global_step"].dtype == torch.int64
    assert int(found["global_step"]) == 32000
    assert found["resnet_model/contraction_1x1_3/mask"].shape == (1, 1, 8, 8)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (1, torch.tensor([[1.5, -0.0]])),
        (2, torch.tensor([1.5], dtype=torch.float64)),
        (3, torch.tensor([-7], dtype=torch.int32)),
        (4, torch.tensor([200], dtype=torch.uint8)),
        (6, torch.tensor([-3], dtype=torch.int8)),
        (9, torch.tensor(1 << 40)),
        (10, torch.tensor([True, False])),
        (14, torch.tensor([1.5, -2.0], dtype=torch.bfloat16)),
        (19, torch.tensor([0.25], dtype=torch.float16)),
        (1, torch.zeros(0, 3)),
    ],
)
def test_every_kind_keeps_its_bits(kind: int, value: torch.Tensor, tmp_path: Path) -> None:
    data = bytes(value.reshape(-1).view(torch.uint8).tolist()) if value.numel() else b""
    index = write_bundle(tmp_path / "a", data, {"x": entry(data, tuple(value.shape), kind=kind)})
    found = read_bundle(index)["x"]
    assert found.dtype == value.dtype
    assert found.shape == value.shape
    assert torch.equal(found, value)
    assert found.dtype != torch.float32 or torch.equal(torch.signbit(found), torch.signbit(value))


def test_strings_are_left_out(tmp_path: Path) -> None:
    index = write_bundle(tmp_path / "a", ONES, {"x": entry(ONES, (2, 3)), "y": entry(b"abc", (1,), kind=7)})
    assert list(read_bundle(index)) == ["x"]


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "another checksum": ({"crc": 1}, "do not have their checksum"),
    "beyond the file": ({"offset": 4}, "do not have their checksum"),
    "far beyond the file": ({"offset": 1 << 62}, "no data file reaches"),
    "a size that is not the shape's": ({"size": 20}, r"shape \[2, 3\] has 20 bytes"),
    "a shape beyond all measure": ({"shape_proto": message([(2, message([(1, 1 << 63)]))])}, "beyond all measure"),
    "many dimensions": ({"shape_proto": message([(2, message([(1, 1)]))] * 17)}, "beyond all measure"),
    "an unknown rank": ({"shape_proto": message([(3, 1)])}, "a shape that is none"),
    "a shape that is a number": ({"shape_proto": 3}, "a shape that is none"),
    "a resource": ({"kind": 20}, "a tensor of kind 20"),
    "slices": ({"slices": b""}, "cut into slices"),
    "another shard": ({"shard": 1}, "no data file reaches"),
    "text for a number": ({"kind": b"one"}, "text where a number belongs"),
}


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_description_is_refused(case: str, tmp_path: Path) -> None:
    changes, message_ = WRONG[case]
    index = write_bundle(tmp_path / "a", ONES, {"x": entry(ONES, (2, 3), **changes)})
    with pytest.raises(ForeignFileError, match=message_):
        read_bundle(index)


def test_bytes_that_tensors_share_are_refused(tmp_path: Path) -> None:
    entries = {f"x{number}": entry(ONES, (2, 3)) for number in range(2)}
    with pytest.raises(ForeignFileError, match="shorter than its tensors"):
        read_bundle(write_bundle(tmp_path / "a", ONES, entries))


def test_tensors_that_take_too_much_are_refused_before_they_are_read(tmp_path: Path) -> None:
    half = MAX_FILE_BYTES // 2 + 4
    large = {name: entry(b"", (half // 4,), size=half) for name in "xy"}
    with pytest.raises(ForeignFileError, match="at most"):
        read_bundle(write_bundle(tmp_path / "a", b"", large))


@pytest.mark.parametrize(
    ("header", "words"),
    [
        (message([(1, 1), (2, 1)]), "big-endian"),
        (b"", "names no data files"),
        (message([(1, 1 << 20)]), "names no data files"),
        (message([(1, b"one")]), "names no data files"),
        (b"\x0b", "no protocol buffer"),
        (b"\x0a\x7f", "cut off"),
    ],
)
def test_a_wrong_header_is_refused(header: bytes, words: str, tmp_path: Path) -> None:
    with pytest.raises(ForeignFileError, match=words):
        read_bundle(write_bundle(tmp_path / "a", ONES, {"x": entry(ONES, (2, 3))}, header))


def test_a_missing_data_file_says_where_it_belongs(tmp_path: Path) -> None:
    index = write_bundle(tmp_path / "a", ONES, {"x": entry(ONES, (2, 3))})
    (tmp_path / "a.data-00000-of-00001").unlink()
    with pytest.raises(ForeignFileError, match=r"a\.data-00000-of-00001 is missing") as caught:
        read_bundle(index)
    assert "one folder" in str(caught.value)


TABLES: dict[str, tuple[bytes, str]] = {
    "no table": (b"x" * 100, "last eight bytes"),
    "compressed": (table({b"a": b""}, compression=1), "compressed"),
    "descending": (table([(b"b", b""), (b"a", b"")]), "do not ascend"),
    "doubled": (table([(b"a", b""), (b"a", b"")]), "do not ascend"),
    "no restarts": (table({b"a": b""}, restarts=0), "restart points"),
    "many restarts": (table({b"a": b""}, restarts=1 << 31), "restart points"),
    "a place outside": (table({b"a": b""}, handle=varint(1 << 40) + varint(5)), "outside of the file"),
    "a place and more": (table({b"a": b""}, handle=varint(0) + varint(5) + b"x"), "longer than a place"),
    "an endless number": (table({b"a": b""}, handle=b"\xff" * 11), "ends nowhere"),
    "a number of 70 bits": (table({b"a": b""}, handle=b"\xff" * 9 + b"\x7f"), "ends nowhere"),
}


@pytest.mark.parametrize("case", TABLES)
def test_a_hostile_table_is_refused(case: str) -> None:
    data, words = TABLES[case]
    with pytest.raises(TableError, match=words):
        read_table(data)


@pytest.mark.parametrize("start", [b"\x01\x01\x00a", b"\x00\x7f\x00a", b"\x00\x01\x7fa"])
def test_an_entry_that_reaches_beyond_its_block_is_refused(start: bytes) -> None:
    data = start + block([])
    data += b"\0"
    data += masked_crc32c(data).to_bytes(4, "little")
    index = block([(b"z", varint(0) + varint(len(data) - 5))]) + b"\0"
    index += masked_crc32c(index).to_bytes(4, "little")
    footer = (varint(0) * 2 + varint(len(data)) + varint(len(index) - 5)).ljust(40, b"\0")
    with pytest.raises(TableError, match="beyond its block"):
        read_table(data + index + footer + table({b"a": b""})[-8:])


def test_no_flipped_bit_and_no_cut_goes_unseen(tmp_path: Path) -> None:
    """The index is under checksums but for its footer, where a wrong place leads to bytes that have none."""
    data = entry(ONES, (2, 3))
    index = write_bundle(tmp_path / "a", ONES, {"x": data, "y/z": entry(b"", (0,), offset=24)})
    whole = index.read_bytes()
    expected = read_table(whole)
    footer_ends = len(whole) - 8
    for position in range(len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 1 << position % 8
        try:
            found = read_table(bytes(damaged))
        except TableError:
            continue
        # Padding of the footer and the place of the metaindex, which nothing reads.
        assert footer_ends - 40 <= position < footer_ends
        assert found == expected
    for length in range(len(whole)):
        with pytest.raises(TableError):
            read_table(whole[:length])


def test_random_bytes_end_in_one_kind_of_error(tmp_path: Path) -> None:
    chance, refused = random.Random(1), 0  # noqa: S311
    for _ in range(100):
        value = chance.randbytes(chance.randrange(40))
        index = write_bundle(tmp_path / "a", ONES, {"x": value}, HEADER if chance.random() < 0.7 else value)
        try:
            read_bundle(index)
        except ForeignFileError:
            refused += 1
    assert refused == 100
