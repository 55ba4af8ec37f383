"""The weights of a model, whichever file holds them: dense or sparse, told apart by the header, never by the name."""

from collections.abc import Collection, Iterator
from pathlib import Path

from ..core.hashing import RawTensor
from .errors import CheckpointError
from .safetensors_file import open_tensors, tensors_in
from .sparse.file import iter_sparse, sparse_tensors_in
from .sparse.header import is_sparse, judge

WEIGHTS = "model.safetensors"
SPARSE_WEIGHTS = "model.sparse.safetensors"
_SHOWN = 5


def weights_in(folder: Path) -> Path:
    """The dense file if it is there, else the sparse one; raises :class:`CheckpointError` where there is neither."""
    for name in (WEIGHTS, SPARSE_WEIGHTS):
        if (folder / name).is_file():
            return folder / name
    inside = sorted(child.parent.name for child in folder.glob(f"*/{WEIGHTS}"))
    raise CheckpointError(
        f"{folder}: {WEIGHTS} is missing, and so is {SPARSE_WEIGHTS}.",
        f"Name one of the folders in it: {', '.join(inside[:_SHOWN])}" if inside else None,
    )


def read_weights(path: Path, names: Collection[str] | None = None) -> list[RawTensor]:
    """The tensors of a weights file, or those of ``names`` alone, whose bytes are then all that is read.

    Raises :class:`TensorFileError` for anything but a whole, well-formed file, and for a name that it does not hold.
    """
    with open_tensors(path) as opened:
        return (sparse_tensors_in if is_sparse(opened.header.metadata) else tensors_in)(opened, names)


def weight_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of the tensors of a weights file, decoded, from its header alone; raises as :func:`read_weights`."""
    with open_tensors(path) as opened:
        sparse = is_sparse(opened.header.metadata)
        return {each.name: each.shape for each in (judge(opened).tensors if sparse else opened.header.entries)}


def iter_weights(path: Path) -> Iterator[RawTensor]:
    """The tensors of either file by name (bytewise), one in memory at a time; raises as :func:`read_weights`."""
    with open_tensors(path) as opened:
        if is_sparse(opened.header.metadata):
            yield from iter_sparse(path)
            return
        for entry in sorted(opened.header.entries, key=lambda entry: entry.name.encode()):
            yield RawTensor(entry.name, entry.dtype, entry.shape, opened.read(entry))
