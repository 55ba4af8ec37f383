"""One commit of a repository in the hub client's cache, laid out as the client lays it out.

models--org--name/
  blobs/<digest>                         the content of a file; it is put here whole and verified, or not at all
  blobs/<digest>.prunarium.incomplete    what has come of it so far; the next transfer goes on from there
  snapshots/<commit>/<file>              a link to the blob, or the file itself where the file system has no links
  .prunarium/<commit>.json               what the hub said of the commit's files

So timm and the client itself find what was pulled, and pulling finds what they fetched.
"""

import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from huggingface_hub.constants import HF_HUB_CACHE
from huggingface_hub.utils import WeakFileLock  # type: ignore[attr-defined]

from zoo.checkpoint.errors import ConfigError
from zoo.checkpoint.strict import dump_json, read_json
from zoo.core.files import write_bytes

from .hub_client import RemoteFile

__all__ = ["CachedCommit"]


class CachedCommit:
    """The files of ``repo_id`` at ``commit`` below ``root`` (by default the client's own cache)."""

    def __init__(self, root: Path | None, repo_id: str, commit: str) -> None:
        self.root = root or Path(HF_HUB_CACHE)
        name = f"models--{repo_id.replace('/', '--')}"
        self._folder = self.root / name
        self._locks = self.root / ".locks" / name
        self._listing = self._folder / ".prunarium" / f"{commit}.json"
        self.snapshot = self._folder / "snapshots" / commit

    def find(self, name: str) -> Path | None:
        """The cached file, whole by its name but not verified; None where there is none."""
        path = self.snapshot / name
        return path if path.is_file() else None

    def blob(self, digest: str) -> Path:
        """Where the content of this digest lies when it is there."""
        return self._folder / "blobs" / digest

    def partial(self, digest: str) -> Path:
        """Where the content of this digest grows until it is whole."""
        path = self._folder / "blobs" / f"{digest}.prunarium.incomplete"
        path.parent.mkdir(parents=True, exist_ok=True)
        return path

    @contextmanager
    def lock(self, digest: str) -> Iterator[None]:
        """One process at a time fetches a file; it is the lock that the client takes for the same file."""
        self._locks.mkdir(parents=True, exist_ok=True)
        with WeakFileLock(self._locks / f"{digest}.lock"):
            yield

    def show(self, name: str, digest: str) -> Path:
        """Make the blob visible as a file of the commit."""
        blob, path = self.blob(digest), self.snapshot / name
        path.parent.mkdir(parents=True, exist_ok=True)
        target = os.path.relpath(blob, path.parent)
        if path.is_symlink() and str(path.readlink()) == target:
            return path
        staged = path.with_name(f".{path.name}.{os.getpid()}.link")
        staged.unlink(missing_ok=True)
        try:
            staged.symlink_to(target)
        except OSError:  # a file system without links; as the client does, the file then lies in the snapshot
            shutil.move(blob, staged)
        staged.replace(path)
        return path

    def remove(self, name: str) -> None:
        """Forget a damaged file, and the blob that it is."""
        path = self.snapshot / name
        path.resolve().unlink(missing_ok=True)
        path.unlink(missing_ok=True)

    def listing(self, endpoint: str) -> Mapping[str, RemoteFile] | None:
        """What this very hub said before of the commit, which cannot change; None where it was never asked."""
        try:
            document = read_json(self._listing)
            if document["endpoint"] == endpoint:
                return {name: RemoteFile(*entry) for name, entry in document["files"].items()}
        except (OSError, ConfigError, KeyError, TypeError, AttributeError):
            pass  # not there, or not written by this version: the hub is asked again
        return None

    def remember(self, endpoint: str, files: Mapping[str, RemoteFile]) -> None:
        """Keep what a hub said, so that a later pull needs no connection."""
        document: dict[str, Any] = {"endpoint": endpoint, "files": {name: list(file) for name, file in files.items()}}
        write_bytes(self._listing, dump_json(document))
