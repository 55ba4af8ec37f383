"""Eliminations on disk: what takes long is done once, for every sparsity, and goes on where it was interrupted."""

import hashlib
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from ..core.canonical import canonical_json
from ..core.files import atomic_file
from .eliminate import Elimination, eliminate
from .inverse import Curvature

SCHEMA = "prunarium elimination 1"
SAVE_SECONDS = 60.0


class EliminationStore:
    """One file a layer in ``folder``, named by all that decides it: weights, H and settings. None keeps nothing.

    Files are numpy's ``.npz`` of ``order`` (int32) and ``losses`` (float64), rows × steps; those of a layer in work
    have fewer rows. They may be deleted at any time.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder

    def eliminate(
        self,
        weights: Tensor,
        curvature: Curvature,
        *,
        size: int = 1,
        tall: int = 1,
        most: tuple[int, int] | None = None,
    ) -> Elimination:
        """As :func:`.eliminate.eliminate`, from the file or into it."""
        if self.folder is None:
            return eliminate(weights, curvature, size=size, tall=tall, most=most)
        path = self.folder / f"{curvature.layer.name}-{_key(weights, curvature, size, tall, most)[:16]}.npz"
        done = _read(path, weights.device)
        if done is not None and len(done.order) == weights.shape[0] * weights.shape[1] // tall:
            return done
        found = eliminate(weights, curvature, size=size, tall=tall, most=most, done=done, after_part=_saving(path))
        _write(path, found)
        return found


def _saving(path: Path) -> Callable[[Elimination], None]:
    last = time.monotonic()

    def save(done: Elimination) -> None:
        nonlocal last
        if time.monotonic() - last >= SAVE_SECONDS:
            _write(path, done)
            last = time.monotonic()

    return save


def _key(weights: Tensor, curvature: Curvature, size: int, tall: int, most: tuple[int, int] | None) -> str:
    shape = {"schema": SCHEMA, "size": size, "tall": tall, "most": most and list(most)}
    digest = hashlib.sha256(canonical_json(shape))
    for tensor in (weights, curvature.matrix, curvature.dead):
        digest.update(tensor.detach().cpu().contiguous().numpy().data)
    return digest.hexdigest()


def _read(path: Path, device: torch.device) -> Elimination | None:
    if not path.exists():
        return None
    try:
        with path.open("rb") as file, np.load(file) as found:
            order, losses = torch.from_numpy(found["order"]), torch.from_numpy(found["losses"])
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None  # what can be worked out again need not be mended
    return Elimination(order.long().to(device), losses.to(device))


def _write(path: Path, done: Elimination) -> None:
    with atomic_file(path, shared=True) as temporary, temporary.open("wb") as file:
        np.savez(file, order=done.order.int().cpu().numpy(), losses=done.losses.cpu().numpy())
