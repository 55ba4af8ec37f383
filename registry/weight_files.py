"""The weight files of a repository: which of the hub's stay, which are made and uploaded.

Only the densified hash decides: a file that holds the same tensors in other bytes (another version of zstd, another
header) is as good, and replacing it would make a commit in which nothing changed.
"""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import HfApi

from zoo.checkpoint.errors import CheckpointError, TooEmptyError
from zoo.checkpoint.folder import PASSPORT, SPARSE_WEIGHTS, WEIGHTS, ModelFolder
from zoo.checkpoint.passport import Passport
from zoo.checkpoint.safetensors_file import MAX_FILE_BYTES
from zoo.checkpoint.sparse import unpack, verify, write_sparse
from zoo.checkpoint.strict import read_json
from zoo.checkpoint.weights import iter_weights, read_weights
from zoo.core.hashing import densified_hash

from .hub_client import Digests, RemoteFile, digests_of
from .repository import Repository, Upload, fetch


def local_digests(folder: Path) -> dict[str, Digests]:
    """The digests of the weight files that a folder holds itself."""
    return {name: digests_of(folder / name) for name in (WEIGHTS, SPARSE_WEIGHTS) if (folder / name).is_file()}


@dataclass(frozen=True)
class WeightFiles:
    """The weights of ``source`` beside what the hub holds.

    ``known`` maps file names to the SHA-256 that the catalogue recorded for this very checkpoint; ``local`` holds the
    digests that the folder's own files had before they were measured, so that a change in between is found out;
    ``scratch`` is a folder for files that have to be made.
    """

    api: HfApi
    found: Repository
    source: ModelFolder
    passport: Passport
    known: Mapping[str, Collection[str]]
    local: Mapping[str, Digests]
    scratch: Path

    def uploads(self) -> dict[str, Upload]:
        """The dense file, and for a pruned model the sparse one, unless it is too empty to have one.

        Raises :class:`~zoo.core.files.DiskFullError` and :class:`~zoo.checkpoint.errors.CheckpointError`; nothing has
        been written on the hub then.
        """
        files = {WEIGHTS: self._upload(WEIGHTS)}
        if self.source.provenance.sparsity_target > 0:
            with suppress(TooEmptyError):
                files[SPARSE_WEIGHTS] = self._upload(SPARSE_WEIGHTS)
        return files

    def _upload(self, name: str) -> Upload:
        there = self.found.files.get(name)
        if there is not None and there.digest in self.known.get(name, ()):
            return Upload(None, Digests(there.digest, "", there.size_bytes))
        path = self.source.path / name if name in self.local else self._made(name)
        mine = self.local.get(name) or digests_of(path)
        if there is not None and there.digest not in mine[:2] and self._claims_the_same():
            theirs = self._proven(name, there)
            if theirs is not None:
                return Upload(None, theirs)
        return Upload(path, mine)

    def _made(self, name: str) -> Path:
        path = self.scratch / name
        if name == SPARSE_WEIGHTS:
            found = write_sparse(path, iter_weights(self.source.weights))
            verify(path)
        else:
            found = unpack(self.source.weights, path)
        if found != self.passport.densified_hash:
            raise CheckpointError(
                f"{self.source.path} changed while {name} was made from it.", "Leave it alone, then run this again."
            )
        return path

    def _claims_the_same(self) -> bool:
        """Whether the hub's passport speaks of these tensors, so that fetching its weights for a proof is worth it."""
        if PASSPORT not in self.found.files:
            return False
        try:
            claimed = read_json(fetch(self.api, self.found, PASSPORT, self.scratch))
        except CheckpointError:
            return False
        return isinstance(claimed, dict) and claimed.get("densified_hash") == self.passport.densified_hash

    def _proven(self, name: str, there: RemoteFile) -> Digests | None:
        """The hub's own file where it holds the same tensors, in a form that this version reads."""
        if there.size_bytes > MAX_FILE_BYTES:
            return None
        path = fetch(self.api, self.found, name, self.scratch)
        try:
            same = densified_hash(read_weights(path)) == self.passport.densified_hash
        except CheckpointError:
            return None
        return digests_of(path) if same else None
