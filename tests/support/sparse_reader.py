"""A second reader of the sparse file, written from docs/format.md in plain Python: without numpy and without us."""

import json
import math
import re
from collections.abc import Iterator

import zstandard

SIZES = {
    "F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I16": 2, "I8": 1,
    "U64": 8, "U32": 4, "U16": 2, "U8": 1, "BOOL": 1,
}  # fmt: skip

Tensor = tuple[str, tuple[int, ...], bytes]


def read(file: bytes) -> dict[str, Tensor]:
    """Every tensor by name: dtype, shape and bytes."""
    length = int.from_bytes(file[:8], "little")
    header = json.loads(file[8 : 8 + length])
    metadata = header.pop("__metadata__")
    assert metadata["prunarium.sparse"] == "1"
    described = json.loads(metadata["prunarium.tensors"])
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        data = file[8 + length + begin : 8 + length + end]
        if name in described:
            tensors[name] = decode(described[name], data)
        else:
            tensors[name] = (entry["dtype"], tuple(entry["shape"]), data)
    return tensors


def decode(description: str, data: bytes) -> Tensor:
    """One encoded tensor."""
    match = re.fullmatch(r"(\w+) \[([\d,]*)\] (all|bits|gaps) (\d+) ([1248]*)", description)
    assert match is not None
    dtype, sizes, layout, count, planes = match.groups()
    shape = tuple(int(size) for size in sizes.split(",") if size)
    elements, stored, width = math.prod(shape), int(count), SIZES[dtype]
    frame = zstandard.ZstdDecompressor().decompress(data) if data else b""
    bitmask_bytes = (elements + 7) // 8 if layout == "bits" else 0
    bitmask, rest = frame[:bitmask_bytes], frame[bitmask_bytes:]
    symbols = []
    for bits in map(int, planes):
        plane, rest = _plane(rest, stored, bits)
        symbols.append(plane)
    assert not rest
    values, gaps = _words(symbols[-width:]), _words(symbols[:-width])
    if layout == "all":
        places = list(range(elements))
    elif layout == "bits":
        places = [place for place in range(elements) if bitmask[place // 8] >> place % 8 & 1]
    else:
        places = list(_running_sum(gaps))
    dense = [0] * elements
    for place, value in zip(places, values, strict=True):
        dense[place] = value
    return dtype, shape, b"".join(value.to_bytes(width, "little") for value in dense)


def _plane(data: bytes, count: int, bits: int) -> tuple[bytes, bytes]:
    if bits == 8:
        return data[:count], data[count:]
    palette, data = data[: 1 << bits], data[1 << bits :]
    size = (count * bits + 7) // 8
    per_byte = 8 // bits
    codes = [data[index // per_byte] >> index % per_byte * bits & (1 << bits) - 1 for index in range(count)]
    return bytes(palette[code] for code in codes), data[size:]


def _words(planes: list[bytes]) -> list[int]:
    return [int.from_bytes(bytes(word), "little") for word in zip(*planes, strict=True)]


def _running_sum(gaps: list[int]) -> Iterator[int]:
    place = 0
    for gap in gaps:
        place += gap
        yield place
