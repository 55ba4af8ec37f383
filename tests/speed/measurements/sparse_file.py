"""The sparse weights file: its size, and how fast it is read and written."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import zstandard

from zoo.checkpoint.safetensors_file import open_tensors, read_tensors
from zoo.checkpoint.sparse import codec, read_sparse, write_sparse
from zoo.checkpoint.sparse.header import judge
from zoo.core.hashing import RawTensor

from ..measurement import MEASUREMENTS, OURS, Contest, DisagreementError, Kind, Measurement, Side
from ..peers import MissingPeerError, peer
from ..sparse_models import Words, floor_bytes, write_dense

SPARSITIES = (0.8, 0.9, 0.95, 0.98)
CASES = {f"{dtype} {sparsity:.0%}": (dtype, sparsity) for dtype in ("F32", "BF16") for sparsity in SPARSITIES}

FLOOR, DENSE, ZSTD = "entropy floor", "dense safetensors", "dense safetensors, zstd -3"
BITMASK, CSR = "bitmask and values", "CSR, 16-bit columns"
COPY = "copying the dense tensors in memory"
CT_REQUIREMENT = "compressed-tensors==0.14.0"
CT = "compressed-tensors 0.14, bitmask, 2-D weights"
WITH_PEER = 0.9  # its process takes seconds to start
CT_PROGRAM = Path(__file__).resolve().parents[1] / "compressed_tensors_peer.py"


def words_of(tensor: RawTensor) -> Words:
    return np.frombuffer(tensor.data, np.uint32 if tensor.dtype == "F32" else np.uint16)


def bitmask_bytes(tensors: list[RawTensor]) -> int:
    """One bit an element and the values; tensors without zeros as they are."""
    total = 0
    for words in map(words_of, tensors):
        stored = int(np.count_nonzero(words))
        total += words.nbytes if stored == words.size else -(-words.size // 8) + stored * words.itemsize
    return total


def csr_bytes(tensors: list[RawTensor]) -> int:
    """Rows of the (out, rest) matrix: 16-bit columns, 32-bit row pointers, values."""
    total = 0
    for tensor in tensors:
        words = words_of(tensor)
        stored = int(np.count_nonzero(words))
        sparse = stored < words.size
        total += stored * (words.itemsize + 2) + 4 * (tensor.shape[0] + 1) if sparse else words.nbytes
    return total


def answer_of(size: float) -> Callable[[], float]:
    return lambda: size


@contextmanager
def prepare_size(folder: Path, dtype: str, sparsity: float) -> Iterator[Contest]:
    dense, sparse = folder / "dense", folder / "sparse"
    tensors = write_dense(dense, sparsity, dtype)
    write_sparse(sparse, tensors)
    data = dense.read_bytes()
    sizes = {
        FLOOR: floor_bytes(tensors),
        DENSE: len(data),
        ZSTD: len(zstandard.ZstdCompressor(level=3).compress(data)),
        BITMASK: bitmask_bytes(tensors),
        CSR: csr_bytes(tensors),
    }
    sides = {name: Side(answer_of(size)) for name, size in sizes.items()}
    with compressed_tensors(dense, "size", sparsity) as (theirs, missing):
        yield Contest(Side(answer_of(sparse.stat().st_size)), {**sides, **theirs}, no_question, missing)


@contextmanager
def compressed_tensors(dense: Path, question: str, sparsity: float) -> Iterator[tuple[dict[str, Side], dict[str, str]]]:
    """The peer as a side that answers ``question``, or why it is missing; neither where it does not compete."""
    if sparsity != WITH_PEER:
        yield {}, {}
        return
    with ExitStack() as stack:
        try:
            process = stack.enter_context(peer(CT_REQUIREMENT, CT_PROGRAM, str(dense)))
            process.ask(question)
        except MissingPeerError as error:
            yield {}, {CT: str(error)}
            return
        yield {CT: Side(lambda: float(process.ask(question)))}, {}


def no_question(answers: Mapping[str, Any]) -> None:
    """Sizes differ; that is the point."""


@contextmanager
def prepare_read(folder: Path, dtype: str, sparsity: float) -> Iterator[Contest]:
    dense, sparse, packed = folder / "dense", folder / "sparse", folder / "dense.zst"
    tensors = write_dense(dense, sparsity, dtype)
    write_sparse(sparse, tensors)
    packed.write_bytes(zstandard.ZstdCompressor(level=3).compress(dense.read_bytes()))
    words = [words_of(tensor) for tensor in tensors]
    sides = {
        COPY: Side(lambda: [word.copy() for word in words]),
        DENSE: Side(lambda: read_tensors(dense)),
        ZSTD: Side(lambda: zstandard.ZstdDecompressor().decompress(packed.read_bytes())),
    }
    with compressed_tensors(dense, "decode", sparsity) as (theirs, missing):
        yield Contest(Side(lambda: read_sparse(sparse)), {**sides, **theirs}, agree, missing)


@contextmanager
def prepare_gaps(folder: Path, dtype: str, sparsity: float) -> Iterator[Contest]:
    """The tensors whose positions are coded as gaps, and nothing else of the model."""
    path = folder / "sparse"
    tensors = write_dense(folder / "dense", sparsity, dtype)
    write_sparse(path, tensors)
    with open_tensors(path) as opened:
        stored = judge(opened).tensors
    names = {tensor.name for tensor in stored if tensor.encoding and tensor.encoding.layout == "gaps"}
    words = [words_of(tensor) for tensor in tensors if tensor.name in names]
    copied = Side(lambda: [word.copy() for word in words])
    yield Contest(Side(lambda: read_sparse(path, names)), {COPY: copied}, agree_on_gaps)


@contextmanager
def prepare_write(folder: Path, dtype: str, sparsity: float) -> Iterator[Contest]:
    dense = folder / "dense"
    tensors = write_dense(dense, sparsity, dtype)
    data = dense.read_bytes()
    sides = {ZSTD: Side(lambda: zstandard.ZstdCompressor(level=3).compress(data))}
    with compressed_tensors(dense, "encode", sparsity) as (theirs, missing):
        ours = Side(lambda: [codec.encode(tensor) for tensor in tensors])
        yield Contest(ours, {**sides, **theirs}, no_question, missing)


def agree(answers: Mapping[str, Any]) -> None:
    ours, theirs = ({tensor.name: bytes(tensor.data) for tensor in answers[name]} for name in (OURS, DENSE))
    if ours != theirs:
        raise DisagreementError("the sparse file decodes to other bytes than the dense one")


def agree_on_gaps(answers: Mapping[str, Any]) -> None:
    if sorted(bytes(tensor.data) for tensor in answers[OURS]) != sorted(word.tobytes() for word in answers[COPY]):
        raise DisagreementError("the gap-coded tensors decode to other bytes than the model's")


PEER: dict[str, Kind] = {CT: "peer"}
SIZE: dict[str, Kind] = {FLOOR: "limit", DENSE: "peer", ZSTD: "peer", BITMASK: "peer", CSR: "peer"}
READ: dict[str, Kind] = {COPY: "limit", DENSE: "limit", ZSTD: "peer"}
WRITE: dict[str, Kind] = {ZSTD: "peer", **PEER}
MODEL = "A ResNet-50 with one global magnitude threshold over all weights but those of the first convolution."

for case, (dtype, sparsity) in CASES.items():
    slug = case.lower().replace(" ", "_").rstrip("%")
    MEASUREMENTS.register(f"sparse_file_size_{slug}")(
        Measurement(
            title=f"Size of the sparse file, {case}",
            ours="zoo.checkpoint.sparse.write_sparse",
            against=SIZE | PEER if sparsity == WITH_PEER else SIZE,
            compared=f"{MODEL} Ours is the whole file, header included; the floor and the plain codes have none.",
            unit="model",
            repeats=1,
            prepare=partial(prepare_size, dtype=dtype, sparsity=sparsity),
            quantity="size",
        )
    )
    MEASUREMENTS.register(f"sparse_file_read_{slug}")(
        Measurement(
            title=f"Read the sparse file, {case}",
            ours="zoo.checkpoint.sparse.read_sparse",
            against=READ | PEER if sparsity == WITH_PEER else READ,
            compared=f"{MODEL} From the page cache to tensors in memory, in two threads; "
            "compressed-tensors decodes what it has in memory, without reading a file.",
            unit="model",
            repeats=5,
            prepare=partial(prepare_read, dtype=dtype, sparsity=sparsity),
        )
    )
    MEASUREMENTS.register(f"sparse_file_gaps_{slug}")(
        Measurement(
            title=f"Read the gap-coded tensors, {case}",
            ours="zoo.checkpoint.sparse.read_sparse, by name",
            against={COPY: "limit"},
            compared=f"{MODEL} Only the tensors whose positions are coded as gaps, each read by its name.",
            unit="model",
            repeats=9,
            prepare=partial(prepare_gaps, dtype=dtype, sparsity=sparsity),
        )
    )

for dtype in ("F32", "BF16"):
    MEASUREMENTS.register(f"sparse_file_write_{dtype.lower()}_90")(
        Measurement(
            title=f"Encode for the sparse file, {dtype} 90%",
            ours="zoo.checkpoint.sparse.codec.encode",
            against=WRITE,
            compared=f"{MODEL} From memory to memory, in one thread, without the hash.",
            unit="model",
            repeats=5,
            prepare=partial(prepare_write, dtype=dtype, sparsity=WITH_PEER),
        )
    )
