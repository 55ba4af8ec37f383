"""Requests for models that are made in a blink: one or two epochs on the digits."""

from pathlib import Path

from zoo.checkpoint.folder import read_folder
from zoo.checkpoint.safetensors_file import read_tensors
from zoo.core.hashing import densified_hash
from zoo.request import Request


def dense(out: Path, seed: int = 0, epochs: int = 1) -> Request:
    """A dense parent."""
    return Request("dense", "resnet8-digits", "digits:0-4", 0.0, seed, out, epochs=epochs)


def pruned(out: Path, parent: Path, method: str = "gmp", target: float = 0.9, seed: int = 0) -> Request:
    """A pruned child of ``parent``."""
    return Request(method, "resnet8-digits", "digits:0-4", target, seed, out, parent, epochs=1)


def hashes(folder: Path) -> dict[str, str]:
    """The densified hash of every model folder in ``folder``, by name; leftovers and metrics do not count."""
    return {
        path.name: densified_hash(read_tensors(read_folder(path).weights))
        for path in sorted(folder.iterdir())
        if not path.name.startswith(".") and path.name != "runs"
    }
