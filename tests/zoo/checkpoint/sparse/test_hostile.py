"""Files made to hurt: cut, flipped, spliced, lying. One clear error or a well-formed model, in bounded memory."""

import json
import os
import random
import tracemalloc
from pathlib import Path

import pytest
import zstandard
from raw_tensors import normal_tensor, random_tensor

from zoo.checkpoint.dtypes import DTYPES
from zoo.checkpoint.errors import SparseFileError, TensorFileError
from zoo.checkpoint.safetensors_file import encode_header, parse_header, write_tensors
from zoo.checkpoint.sparse import codec, read_sparse, write_sparse
from zoo.checkpoint.sparse.header import HASH_KEY, TENSORS_KEY, VERSION_KEY
from zoo.checkpoint.weights import read_weights
from zoo.core.hashing import RawTensor

CASES = 25_000 if os.environ.get("HYPOTHESIS_PROFILE") == "full" else 1_000

SMALL_MODEL = [
    normal_tensor("a", "F32", (12, 12), 0.9),
    normal_tensor("b", "BF16", (12, 12), 0.5),
    random_tensor("c", "I8", (100,), 1.0, symbols=3),
    random_tensor("d", "F32", (3,), 1.0),
    RawTensor("e", "F16", (1000,), bytes(998) + b"\1\2" + bytes(1000)),
]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small file with every layout."""
    path = tmp_path_factory.mktemp("whole") / "whole"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(codec, "SMALLEST_BYTES", 50)
        write_sparse(path, SMALL_MODEL)
    data = path.read_bytes()
    assert all(f" {layout} ".encode() in data for layout in ("all", "bits", "gaps"))
    return data


def outcome(path: Path, data: bytes) -> list[RawTensor] | None:
    """The tensors, or None where the file was refused; anything but a TensorFileError is a fault of ours."""
    # Not write_bytes: cutting a file to nothing first is slow on some file systems.
    with path.open("r+b" if path.exists() else "w+b") as file:
        file.write(data)
        file.truncate()
    try:
        tensors = read_weights(path)
    except TensorFileError as error:
        return None if str(path) in error.message else pytest.fail(f"the file is not named: {error.message}")
    for tensor in tensors:
        size = DTYPES[tensor.dtype].size
        for length in tensor.shape:
            size *= length
        assert memoryview(tensor.data).nbytes == size
    return tensors


def test_every_truncation_is_refused(whole: bytes, tmp_path: Path) -> None:
    for length in range(len(whole)):
        assert outcome(tmp_path / "cut", whole[:length]) is None


def test_every_flipped_bit_of_an_encoded_tensor_is_found(whole: bytes, tmp_path: Path) -> None:
    """By the frame's own checksum, without the hash; a flip in a tensor kept as it is changes that tensor alone."""
    path = tmp_path / "flipped"
    kept = whole.index(memoryview(SMALL_MODEL[3].data).tobytes())
    start = 8 + int.from_bytes(whole[:8], "little")
    for place in range(start, len(whole)):
        data = bytearray(whole)
        data[place] ^= 1 << place % 8
        assert (outcome(path, bytes(data)) is None) == (not kept <= place < kept + 12)


def mutated(data: bytes, rng: random.Random) -> bytes:
    """One to four faults: flipped bits, bytes of choice, cuts, doubled stretches, digits and words of the header."""
    found = bytearray(data)
    for _ in range(rng.randint(1, 4)):
        place = rng.randrange(len(found)) if found else 0
        match rng.randrange(7):
            case 0 if found:
                found[place] ^= 1 << rng.randrange(8)
            case 1 if found:
                found[place] = rng.choice(b'\x00\x01\x7f\x80\xff09[]{}",:')
            case 2:
                del found[place : place + rng.choice([1, 2, 8, 100])]
            case 3:
                found[place:place] = found[place : place + rng.choice([1, 4, 40])]
            case 4:
                digits = [index for index, byte in enumerate(found) if 48 <= byte <= 57]
                if digits:
                    found[rng.choice(digits)] = rng.randint(48, 57)
            case _:
                old, new = rng.choice(WORDS)
                found = found.replace(old, new, rng.choice([1, -1]))
    return bytes(found)


WORDS = [
    (b"gaps", b"bits"), (b"bits", b"gaps"), (b"bits", b"all "), (b"gaps", b"all"), (b"F32", b"F64"), (b"U8", b"I8"),
    (b"BF16", b"F16"), (b'"a', b'"b'), (b"[", b"[9,"), (b"[12,12]", b"[144]"), (b"1000", b"9999999999"),
    (b"8888", b"4888"),     (b"8", b"1"), (b"prunarium", b"prunaria"), (b'"1"', b'"2"'), (b"[0,", b"[1,"),
    (b"\x28\xb5\x2f\xfd", b"\x50\x2a\x4d\x18"),
]  # fmt: skip


def resealed(data: bytes, rng: random.Random) -> bytes:
    """Faults in the header alone, its length made right again: most get past the container to our own checks."""
    length = int.from_bytes(data[:8], "little")
    header = mutated(data[8 : 8 + length], rng)
    return len(header).to_bytes(8, "little") + header + data[8 + length :]


def reframed(data: bytes, rng: random.Random) -> bytes:
    """Faults within a frame that is then sealed again: gaps, bitmasks, palettes and planes that lie."""
    length = int.from_bytes(data[:8], "little")
    header = parse_header(data[8 : 8 + length], len(data) - 8 - length, "whole")
    parts = {entry.name: data[header.data_start :][entry.begin : entry.end] for entry in header.entries}
    name = rng.choice(["a", "b", "c", "e"])
    content = bytearray(zstandard.ZstdDecompressor().decompress(parts[name]))
    for _ in range(rng.randint(1, 3)):
        content[rng.randrange(len(content))] = rng.choice([0, 1, 2, 127, 255, rng.randrange(256)])
    parts[name] = zstandard.ZstdCompressor().compress(content)
    sizes = [
        (entry.name, entry.dtype, (len(parts[entry.name]),) if entry.dtype == "U8" else entry.shape, len(part))
        for entry, part in zip(header.entries, parts.values(), strict=True)
    ]
    return encode_header(sizes, header.metadata) + b"".join(parts.values())


def test_no_fault_escapes_the_error_tree(whole: bytes, tmp_path: Path) -> None:
    """A third of the cases each: anywhere in the file, in its header, in its frames."""
    kinds = (mutated, resealed, reframed)
    refused = [0, 0, 0]
    for case in range(CASES):
        rng = random.Random(case)  # noqa: S311
        try:
            refused[case % 3] += outcome(tmp_path / "fuzzed", kinds[case % 3](whole, rng)) is None
        except Exception as error:
            raise AssertionError(f"case {case}") from error
    shares = [3 * count / CASES for count in refused]
    assert all(0.05 < share < 1 for share in shares), shares


def file_of(path: Path, description: str, data: bytes) -> Path:
    """A file of one encoded tensor."""
    metadata = {VERSION_KEY: "1", HASH_KEY: "", TENSORS_KEY: json.dumps({"w": description})}
    write_tensors(path, [RawTensor("w", "U8", (len(data),), data)], metadata)
    return path


BOMB = zstandard.ZstdCompressor(level=19).compress(bytes(2**27))

BOMBS = {
    "planes that the shape allows": (f"U8 [{2**27}] all {2**27} 8", BOMB),
    "planes that the shape does not allow": ("U8 [10] all 10 8", BOMB),
    "gaps as many as elements": (f"U8 [{2**27}] gaps {2**27} 88", BOMB),
    "nothing but a shape": (f"U8 [{2**40}] gaps 0 88", b""),
    "a shape beyond 64 bits": (f"U8 [{2**62},{2**62},{2**62}] gaps 0 88", b""),
    "packed planes of a large count": (f"F64 [{2**40}] gaps {2**40} 11111111111", b""),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_costs_no_memory(bomb: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The allowance for small files is set to a megabyte, so that the test itself stays small."""
    monkeypatch.setattr("zoo.checkpoint.sparse.header.FREE_BYTES", 2**20)
    path = file_of(tmp_path / "bomb", *BOMBS[bomb])
    tracemalloc.start()
    try:
        with pytest.raises(SparseFileError):
            read_sparse(path)
        assert tracemalloc.get_traced_memory()[1] < 2 * 2**20
    finally:
        tracemalloc.stop()


def test_what_the_allowance_lets_through_is_bounded_by_it(tmp_path: Path) -> None:
    """A frame of the size that its description says, within the allowance: read, at the price of tensor and frame."""
    size = 2**24
    path = file_of(tmp_path / "w", f"U8 [{size}] all {size} 8", zstandard.ZstdCompressor().compress(bytes(size)))
    tracemalloc.start()
    try:
        (tensor,) = read_sparse(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert memoryview(tensor.data).nbytes == size
    assert peak < 2.2 * size
