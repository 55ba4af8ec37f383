"""One tensor: bit for bit, in every layout, in the smallest of them."""

import math

import numpy as np
import pytest
from hypothesis import given
from raw_tensors import normal_tensor, random_tensor, raw_tensors
from sparse_reader import decode as read_by_the_page

from zoo.checkpoint.dtypes import DTYPES, from_numpy
from zoo.checkpoint.errors import SparseFileError
from zoo.checkpoint.sparse.codec import LEAST_SAVING, SMALLEST_BYTES, Encoding, decode, encode, encodings
from zoo.core.hashing import RawTensor


def raw_frame(hex_digits: str) -> bytes:
    """A zstd frame by hand (RFC 8878): single segment, one-byte content size, one raw block."""
    content = bytes.fromhex(hex_digits)
    block = (len(content) << 3 | 1).to_bytes(3, "little")
    return bytes.fromhex("28b52ffd20") + bytes([len(content)]) + block + content


# Written by hand from docs/format.md: description, the content of the frame, the values in hexadecimal.
LITERAL = {
    "gaps, F32": (
        "F32 [2,4] gaps 3 88888",
        "01 02 04 | 00 01 00 | 00 00 c0 | 80 00 7f | 3f 80 7f".replace("|", ""),
        "00000000 0000803f 00000000 01000080 00000000 00000000 00000000 00c07f7f",
    ),
    "gaps of two bytes, BF16": ("BF16 [300] gaps 1 8888", "2b 01 80 3f", "0000" * 299 + "803f"),
    "bits, F16": ("F16 [9] bits 2 88", "02 01 01 02 3c bc", "0000 013c" + "0000" * 6 + "02bc"),
    "all, I16": ("I16 [3] all 3 88", "01 02 03 00 00 80", "0100 0200 0380"),
    "packed to two bits, U8": ("U8 [5] all 5 2", "05 07 09 00 61 02", "07 05 09 07 09"),
    "packed to one and four bits, U16": ("U16 [3] all 3 14", "05 06 02 010203" + "00" * 13 + "10 02", "0501 0602 0503"),
    "a scalar": ("U8 [] all 1 8", "2a", "2a"),
}  # fmt: skip


@pytest.mark.parametrize("case", LITERAL)
def test_literal_bytes_are_decoded(case: str) -> None:
    text, content, expected = LITERAL[case]
    tensor = decode("w", Encoding.from_text(text), raw_frame(content))
    assert bytes(tensor.data).hex(" ", 1) == bytes.fromhex(expected).hex(" ", 1)
    assert (tensor.name, tensor.dtype, tensor.shape) == ("w", *read_by_the_page(text, raw_frame(content))[:2])


@given(tensor=raw_tensors())
def test_every_layout_gives_every_bit_back_to_us_and_to_the_reader_of_the_page(tensor: RawTensor) -> None:
    for encoding, data in encodings(tensor):
        assert Encoding.from_text(encoding.to_text()) == encoding
        again = decode(tensor.name, encoding, data)
        assert (again.name, again.dtype, again.shape, bytes(again.data)) == tensor
        assert read_by_the_page(encoding.to_text(), data) == tensor[1:]


@pytest.mark.parametrize("dtype", sorted(DTYPES))
@pytest.mark.parametrize("density", [0.0, 0.01, 0.1, 0.3, 0.45, 0.7, 1.0])
def test_long_tensors_survive_in_every_layout(dtype: str, density: float) -> None:
    tensor = random_tensor("w", dtype, (3, 100_003), density)
    found = list(encodings(tensor))
    expected = ["gaps"] if density < 0.25 else ["gaps", "bits"] if density < 0.5 else ["bits"]
    full = all(encoding.count == encoding.elements for encoding, _ in found)
    assert [encoding.layout for encoding, _ in found] == (["all"] if full else expected)
    for encoding, data in found:
        assert bytes(decode("w", encoding, data).data) == tensor.data


def test_nan_payloads_and_the_sign_of_zero_survive() -> None:
    special = np.array([0x7FC00001, 0xFF800001, 0x80000000, 0x00000001, 0x7F800000], np.uint32)
    bits = np.zeros(50_000, np.uint32)
    bits[::50] = np.resize(special, 1000)
    encoded = encode(RawTensor("w", "F32", (50_000,), bits.tobytes()))
    assert encoded is not None
    assert (encoded[0].layout, encoded[0].count) == ("gaps", 1000)
    assert bytes(decode("w", *encoded).data) == bits.tobytes()


def test_negative_zeros_cost_less_than_a_bit_for_bit_file_could_fear() -> None:
    """``w * mask`` leaves -0.0 in half of the places: they are stored values, and their planes compress."""
    weights = np.random.default_rng(0).standard_normal(200_000, dtype=np.float32)
    mask = np.random.default_rng(1).random(200_000) < 0.1
    clean, signed = (from_numpy("w", values) for values in (np.where(mask, weights, np.float32(0)), weights * mask))
    sizes = []
    for tensor in (clean, signed):
        encoded = encode(tensor)
        assert encoded is not None
        sizes.append(len(encoded[1]))
        assert bytes(decode("w", *encoded).data) == tensor.data
    assert sizes[0] < 0.11 * weights.nbytes
    assert 2 * sizes[0] < sizes[1] < 0.3 * weights.nbytes


def entropy_floor_bytes(tensor: RawTensor) -> float:
    """H(p) n / 8 and the order-0 entropy of each byte plane of the values that are not zero."""
    size = DTYPES[tensor.dtype].size
    table = np.frombuffer(tensor.data, np.uint8).reshape(-1, size)
    kept = table[table.any(axis=1)]
    p = len(kept) / len(table)
    bits = -len(table) * (p * math.log2(p) + (1 - p) * math.log2(1 - p))
    for plane in kept.T:
        counts = np.bincount(plane)
        counts = counts[counts > 0]
        bits += float(np.sum(counts * np.log2(len(kept) / counts)))
    return bits / 8


@pytest.mark.parametrize("dtype", ["F32", "BF16"])
@pytest.mark.parametrize("sparsity", [0.8, 0.9, 0.95, 0.98])
def test_size_is_within_six_percent_of_the_entropy_floor(dtype: str, sparsity: float) -> None:
    tensor = normal_tensor("w", dtype, (512, 512, 3, 3), sparsity)
    encoded = encode(tensor)
    assert encoded is not None
    assert entropy_floor_bytes(tensor) < len(encoded[1]) < 1.03 * entropy_floor_bytes(tensor)


@pytest.mark.parametrize("dtype", ["F32", "BF16"])
def test_few_exponents_stay_near_the_floor(dtype: str) -> None:
    """A global threshold leaves few exponents: below one bit beside the sign, where Huffman codes stop."""
    rng = np.random.default_rng(0)
    values = rng.uniform(0.3, 0.49, (512, 512, 3, 3)).astype(np.float32) * rng.choice([-1, 1], (512, 512, 3, 3))
    values[rng.random(values.shape) < 0.95] = 0
    words = values.astype(np.float32).view(np.uint32)
    data = words.tobytes() if dtype == "F32" else (words >> 16).astype(np.uint16).tobytes()
    tensor = RawTensor("w", dtype, values.shape, data)
    encoded = encode(tensor)
    assert encoded is not None
    assert len(encoded[1]) < 1.03 * entropy_floor_bytes(tensor)


def test_an_n_of_m_mask_takes_the_bitmask() -> None:
    """Two of four: order-0 gaps do not see the groups, and lose a fourth of what positions take."""
    rng = np.random.default_rng(0)
    kept = np.argsort(rng.random((50_000, 4)), axis=1) < 2
    values = np.where(kept, rng.standard_normal((50_000, 4), dtype=np.float32), np.float32(0))
    sizes = {encoding.layout: len(data) for encoding, data in encodings(from_numpy("w", values))}
    assert sizes["bits"] < sizes["gaps"] - 5000
    encoded = encode(from_numpy("w", values))
    assert encoded is not None
    assert encoded[0].layout == "bits"


@pytest.mark.parametrize(
    "tensor",
    [
        random_tensor("small", "F32", (SMALLEST_BYTES // 4 - 1,), 0.1),
        random_tensor("random", "U8", (SMALLEST_BYTES,), 1.0),
        from_numpy("a tenth", np.random.default_rng(0).normal(128, 35, 2**16).clip(1, 255).astype(np.uint8)),
        RawTensor("empty", "F32", (0, 3), b""),
        RawTensor("scalar", "I64", (), bytes(8)),
    ],
    ids=lambda tensor: tensor.name,
)
def test_what_saves_little_is_kept_as_it_is(tensor: RawTensor) -> None:
    assert encode(tensor) is None


def test_what_saves_enough_is_encoded() -> None:
    tensor = random_tensor("w", "F32", (SMALLEST_BYTES // 4,), 0.5)
    encoded = encode(tensor)
    assert encoded is not None
    assert len(encoded[1]) <= (1 - LEAST_SAVING) * SMALLEST_BYTES


def test_room_is_filled_and_shared() -> None:
    encoding, data = next(encodings(random_tensor("w", "F32", (100,), 0.2)))
    room = np.zeros(400, np.uint8)
    tensor = decode("w", encoding, data, room)
    assert bytes(tensor.data) == room.tobytes()
    assert np.shares_memory(np.frombuffer(tensor.data, np.uint8), room)
    assert memoryview(tensor.data).readonly


MALFORMED = [
    "", "F32", "F4 [2] all 2 8888", "F32 [2] all 2 8888 ", "F32 [2] all 2 888", "F32 [2] all 2 88888",
    "F32 [2] most 2 8888", "F32 [-2] all 2 8888", "F32 [2 ] all 2 8888", "F32 [02] all 2 8888", "F32 [2] all 02 8888",
    "F32 [2,] all 2 8888", "F32 [2] all 1 8888", "F32 [2] all 3 8888", "F32 [2] bits 3 8888", "F32 [2] gaps 3 88888",
    "F32 [2] gaps 1 8888", "F32 [2] gaps 1 8888888", "F32 [2] bits 1 88888", "F32 [2] all 2 8883",
    "F32 [２] all 2 8888",     "F32 [" + "9" * 20 + "] gaps 1 88888", "f32 [2] all 2 8888", "F32 [2] all 2 8888\n",
]  # fmt: skip


@pytest.mark.parametrize("text", MALFORMED)
def test_a_malformed_description_is_refused(text: str) -> None:
    with pytest.raises(SparseFileError, match=r"malformed|contradicts"):
        Encoding.from_text(text)


HOSTILE: dict[str, tuple[str, str, str]] = {
    "gap beyond the end": ("U8 [5] gaps 2 88", "00 05 01 01", "element 5 of 5"),
    "two values at one place": ("U8 [5] gaps 2 88", "01 00 01 01", "one place"),
    "bitmask marks too few": ("U8 [8] bits 2 8", "01 01 01", "does not mark 2"),
    "bit after the end": ("U8 [7] bits 1 8", "80 01", "does not mark 1"),
    "frame too short": ("U8 [8] all 8 8", "01 02", "2 bytes where 8"),
    "frame too long": ("U8 [1] all 1 8", "01 02", "2 bytes where 1"),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_data_that_contradict_their_description_are_refused(case: str) -> None:
    text, content, message = HOSTILE[case]
    with pytest.raises(SparseFileError, match=message):
        decode("w", Encoding.from_text(text), raw_frame(content))


def test_no_values_need_no_frame() -> None:
    (encoded,) = encodings(RawTensor("w", "F32", (3,), bytes(12)))
    assert encoded == (Encoding("F32", (3,), "gaps", 0, (8, 8, 8, 8, 8)), b"")
