"""Long measurements on disk while they are under way, so that a killed process does not begin them again.

A run is saved between its steps (:mod:`zoo.train.saving`); what a method measures inside one step can take longer than
all steps before it. Such work is kept beside the run's state under a key of everything that it depends on: a resumed
run that comes to the same point finds it, any other one does not.
"""

import hashlib
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from .core.files import atomic_file

_PREFIX = "measuring-"

State = Mapping[str, Any]


class Scratch:
    """The folder of a run's unfinished measurements; ``key`` tells the run from others.

    A slot is written at most every ``seconds``, and never where ``writes`` is False (one process of several writes).
    """

    def __init__(self, folder: Path, key: str, seconds: float, *, writes: bool = True) -> None:
        self._folder, self._key, self._seconds, self._writes = folder, key, seconds, writes

    def slot(self, name: str, key: str) -> "Slot":
        """Where the measurement ``name`` is kept, if it is of ``key``."""
        path = self._folder / f"{_PREFIX}{name}.pt"
        return Slot(path, f"{self._key} {key}", self._seconds if self._writes else float("inf"))

    def clear(self) -> None:
        """Forget everything: the run was saved behind it."""
        if self._writes:
            # The dot is that of a file which a kill left half-written.
            for path in (*self._folder.glob(f"{_PREFIX}*"), *self._folder.glob(f".{_PREFIX}*")):
                path.unlink()


@dataclass
class Slot:
    """One measurement on disk; :meth:`read` gives None where there is none of this key, or a damaged one."""

    path: Path
    key: str
    seconds: float

    def __post_init__(self) -> None:
        self._last = time.monotonic()

    def read(self) -> State | None:
        """The state that was kept."""
        if not self.path.exists():
            return None
        try:
            saved = torch.load(self.path, map_location="cpu", weights_only=True)
        except Exception:  # torch raises whatever its unpickler met; measuring again is always right
            return None
        state: State = saved["state"]
        return state if saved["key"] == self.key else None

    def write(self, state: State) -> None:
        """Keep a state now."""
        with atomic_file(self.path) as temporary:
            torch.save({"key": self.key, "state": dict(state)}, temporary)
        self._last = time.monotonic()

    def write_if_due(self, state: Callable[[], State]) -> None:
        """Keep a state if the last one is old enough."""
        if time.monotonic() - self._last >= self.seconds:
            self.write(state())


def fingerprint(tensors: Mapping[str, Tensor]) -> str:
    """A hash of names and bits."""
    digest = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)};".encode())
        digest.update(tensor.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
