"""Features on disk: worked out once for a checkpoint, its preprocessing and a set of images, for every later probe.

A file is one line of canonical JSON (key, shape, SHA-256 of what follows) and the numbers, little-endian fp32 rows. Its
name is the hash of the key, so that whatever enters a feature is part of its address. Files appear whole or not at all,
are compared with their hash whenever they are read, and of those that fill ``PRUNARIUM_FEATURES_BYTES`` (20 GB) the
ones that nobody has read for the longest time go first. Any number of processes may share the folder.
"""

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float32
from torch import Tensor

from zoo.core.canonical import canonical_json
from zoo.core.errors import UsageError
from zoo.core.files import atomic_file
from zoo.core.home import cache_folder

from .remarks import remark

LIMIT_BYTES = 20 * 10**9
_MAGIC = b"prunarium features 1\n"
_SUFFIX = ".features"


class FeatureCache:
    """The files in ``folder``, of at most ``limit_bytes`` together."""

    def __init__(self, folder: Path, limit_bytes: int = LIMIT_BYTES) -> None:
        self.folder = folder
        self.limit_bytes = limit_bytes

    @classmethod
    def of_environment(cls) -> "FeatureCache":
        """That of this machine: ``cache/features`` below ``PRUNARIUM_HOME``. Raises :class:`UsageError`."""
        limit = os.environ.get("PRUNARIUM_FEATURES_BYTES") or str(LIMIT_BYTES)
        if not limit.isdecimal():
            raise UsageError(f"PRUNARIUM_FEATURES_BYTES is a number of bytes, got {limit!r}.", "0 keeps no features.")
        return cls(cache_folder("features"), int(limit))

    def path(self, key: Mapping[str, Any]) -> Path:
        """Where the features of ``key`` (JSON types) are, if they are."""
        return self.folder / f"{hashlib.sha256(canonical_json(dict(key))).hexdigest()}{_SUFFIX}"

    def get(self, key: Mapping[str, Any]) -> Float32[Tensor, "n d"] | None:
        """The features of ``key``, or None; a damaged file is removed and remarked on, and counts as none."""
        path = self.path(key)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            return None
        found = _read(data, key)
        if isinstance(found, str):
            remark("features", f"{path.name} {found}; worked out again")
            path.unlink(missing_ok=True)
            return None
        with suppress(FileNotFoundError):  # another process has made room in this moment
            os.utime(path)
        return found

    def put(self, key: Mapping[str, Any], features: Float32[Tensor, "n d"]) -> None:
        """Keep features and make room for them; what does not fit alone is not kept."""
        numbers = np.ascontiguousarray(features.numpy(), dtype="<f4")
        header = {"key": dict(key), "shape": list(numbers.shape), "sha256": hashlib.sha256(numbers.data).hexdigest()}
        data = _MAGIC + canonical_json(header) + b"\n"
        if len(data) + numbers.nbytes > self.limit_bytes:
            return
        path = self.path(key)
        with atomic_file(path) as temporary, temporary.open("wb") as file:
            file.write(data)
            file.write(numbers.data)
        self._make_room(path)

    def _make_room(self, newest: Path) -> None:
        """Remove what has not been read for the longest time until the rest fits."""
        found = []
        for path in self.folder.glob(f"*{_SUFFIX}"):
            with suppress(FileNotFoundError):
                stat = path.stat()
                found.append((path != newest, -stat.st_mtime_ns, stat.st_size, path))
        kept = 0
        for _, _, size, path in sorted(found):
            kept += size
            if kept > self.limit_bytes:
                path.unlink(missing_ok=True)


def _read(data: bytes, key: Mapping[str, Any]) -> Float32[Tensor, "n d"] | str:
    """The features of a file, or what is wrong with it."""
    if not data.startswith(_MAGIC):
        return "is no file of features"
    line, separator, numbers = data[len(_MAGIC) :].partition(b"\n")
    try:
        header = json.loads(line)
        shape, sha256, known = header["shape"], header["sha256"], header["key"]
    except (ValueError, KeyError, TypeError):
        return "has a broken header"
    if not separator or hashlib.sha256(numbers).hexdigest() != sha256:
        return "does not have the content that it states"
    if known != json.loads(canonical_json(dict(key))):
        return "holds the features of something else"
    return torch.from_numpy(np.frombuffer(bytearray(numbers), dtype="<f4").reshape(shape))
