"""``prunarium pack|unpack``: between the dense and the sparse file of the same weights."""

from pathlib import Path
from typing import Annotated, Any

import typer

from zoo.checkpoint.dtypes import count_negative_zeros
from zoo.checkpoint.folder import SPARSE_WEIGHTS, WEIGHTS
from zoo.checkpoint.passport import measure
from zoo.checkpoint.safetensors_file import read_header
from zoo.checkpoint.sparse import is_sparse, verify, write_sparse
from zoo.checkpoint.sparse import unpack as write_dense
from zoo.checkpoint.weights import iter_weights
from zoo.core.console import emit_json, emit_table, say
from zoo.core.errors import UsageError

from .cli_common import AsJson, count

_DENSE, _SPARSE = ".safetensors", ".sparse.safetensors"

Source = Annotated[Path, typer.Argument(help="A weights file, or a model folder.")]
Out = Annotated[Path | None, typer.Option(help="The file to write; beside the other one if not given.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")]


def pack(source: Source, out: Out = None, overwrite: Overwrite = False, as_json: AsJson = False) -> None:
    """Write the sparse file of dense weights: the same model, bit for bit, near the smallest size that it can have."""
    path = _weights(source, WEIGHTS)
    header = read_header(path)
    if is_sparse(header.metadata):
        raise UsageError(f"{path} is a sparse file already.", f"The dense one: prunarium unpack {path}")
    target = _target(path, out, path.name.removesuffix(_DENSE) + _SPARSE, overwrite)
    write_sparse(target, iter_weights(path), header.metadata)
    found = verify(target)
    dense, sparse, floor = path.stat().st_size, target.stat().st_size, (measure(path).encodings or {})["floor"]
    negative_zeros = sum(map(count_negative_zeros, iter_weights(path)))
    facts = {
        "source": str(path),
        "file": str(target),
        "densified_hash": found,
        "dense_bytes": dense,
        "sparse_bytes": sparse,
        "floor_bytes": floor,
        "times_smaller": dense / sparse,
        "times_floor": sparse / floor if floor else None,
        "negative_zeros": negative_zeros,
    }
    _print(facts, as_json)
    if negative_zeros:
        say(f"{negative_zeros:,} zeros are -0.0 and were stored bit for bit; as +0.0 they would take no room.")


def _weights(source: Path, name: str) -> Path:
    path = source / name if source.is_dir() else source
    if not path.is_file():
        raise UsageError(f"There is no file {path}.", "Name a weights file, or a model folder that holds one.")
    return path


def unpack(source: Source, out: Out = None, overwrite: Overwrite = False, as_json: AsJson = False) -> None:
    """Write the dense file of a sparse one, which any safetensors reader loads; its densified hash is verified."""
    path = _weights(source, SPARSE_WEIGHTS)
    if not is_sparse(read_header(path).metadata):
        raise UsageError(f"{path} is no sparse file.", f"The sparse one: prunarium pack {path}")
    stem = path.name.removesuffix(_SPARSE) if path.name.endswith(_SPARSE) else path.name.removesuffix(_DENSE) + ".dense"
    target = _target(path, out, stem + _DENSE, overwrite)
    found = write_dense(path, target)
    dense, sparse = target.stat().st_size, path.stat().st_size
    facts = {
        "source": str(path),
        "file": str(target),
        "densified_hash": found,
        "dense_bytes": dense,
        "sparse_bytes": sparse,
        "times_smaller": dense / sparse,
    }
    _print(facts, as_json)


def _target(source: Path, out: Path | None, name: str, overwrite: bool) -> Path:
    target = source.with_name(name) if out is None else out / name if out.is_dir() else out
    if target.exists() and target.samefile(source):
        raise UsageError(f"{target} cannot be read and written at once.", "Name another file with --out.")
    if target.exists() and not overwrite:
        raise UsageError(f"{target} is there already.", "Give --overwrite to replace it, or name another with --out.")
    return target


def _print(facts: dict[str, Any], as_json: bool) -> None:
    if as_json:
        emit_json(facts)
        return
    shown = {
        "file": facts["file"],
        "bytes, dense": count(facts["dense_bytes"]),
        "bytes, sparse": count(facts["sparse_bytes"]),
        "times smaller": f"{facts['times_smaller']:.1f}",
        "densified hash": facts["densified_hash"],
    }
    if facts.get("times_floor"):
        shown["times the entropy floor"] = f"{facts['times_floor']:.3f}"
    rows = [{"what": what, "value": value} for what, value in shown.items()]
    emit_table(facts["source"], rows, {"what": "measured", "value": "value"})
