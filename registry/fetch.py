"""One commit's files in the hub client's cache, each checked against the digest that the hub names it by.

The client of the hub compares sizes only, so a damaged file of the right size would stay in its cache for ever. Here a
damaged file is removed and fetched once more.
"""

from pathlib import Path

from huggingface_hub import hf_hub_download, try_to_load_from_cache
from huggingface_hub.constants import HF_HUB_CACHE
from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

from zoo.checkpoint.folder import WEIGHTS
from zoo.checkpoint.safetensors_file import MAX_FILE_BYTES
from zoo.core.files import disk_errors

from .errors import CorruptDownloadError, HubError
from .hub_client import client, hub_errors, matches, remote_digests
from .resolve import Pin

_MAX_TEXT_BYTES = 4 * 2**20
_DIGEST_LENGTHS = (40, 64)  # a git blob's SHA-1, or SHA-256


class Fetcher:
    """Gets the files of one :class:`~registry.resolve.Pin`; ``fetched`` says whether the hub had to be asked."""

    def __init__(self, pin: Pin, cache: Path | None = None) -> None:
        self.pin = pin
        self.fetched = False
        self._cache = cache
        self._sizes: dict[str, int] = {}

    def get(self, name: str) -> Path | None:
        """The verified file in the cache; None for one that the commit does not have (the weights must be there).

        Raises :class:`~registry.errors.CorruptDownloadError` where the bytes are wrong twice,
        :class:`~registry.errors.HubError` where the hub refuses, and :class:`~zoo.core.files.DiskFullError`.
        """
        with hub_errors(self.pin.endpoint, self.pin.repo_id), disk_errors(self._cache or Path(HF_HUB_CACHE)):
            path = self._locate(name)
            if path is None or self._intact(name, path):
                return path
            _remove(path)
            path = self._locate(name)
            if path is None or self._intact(name, path):
                return path
            _remove(path)
        raise CorruptDownloadError(
            f"{name} of {self.pin.repo_id}@{self.pin.commit} was damaged twice: its bytes do not hash to what the hub "
            "names.",
            "Try again later; if it stays so, the hub's copy is damaged.",
        )

    def _locate(self, name: str) -> Path | None:
        pin = self.pin
        known = try_to_load_from_cache(pin.repo_id, name, cache_dir=self._cache, revision=pin.commit)
        if isinstance(known, str):
            return Path(known)
        if known is not None:  # the hub said before that this commit has no such file
            return None
        if not self.fetched:
            # The download tries for half a minute; this call fails at once where there is no connection or no right.
            info = client(pin.endpoint, pin.token).model_info(pin.repo_id, revision=pin.commit, files_metadata=True)
            self._sizes = {file.rfilename: file.size or 0 for file in info.siblings or ()}
            self.fetched = True
        _refuse_oversized(pin, name, self._sizes.get(name, 0))
        try:
            return Path(
                hf_hub_download(
                    pin.repo_id,
                    name,
                    revision=pin.commit,
                    endpoint=pin.endpoint,
                    token=pin.token or False,
                    cache_dir=self._cache,
                    library_name="prunarium",
                )
            )
        except EntryNotFoundError as error:
            if name == WEIGHTS or isinstance(error, LocalEntryNotFoundError):
                raise
            return None

    def _intact(self, name: str, path: Path) -> bool:
        if (promised := self.pin.files.get(name)) is not None:
            return matches(path, promised)
        # In the cache a file is a link to a blob that bears the digest, as the hub gave it, for a name.
        digest = path.resolve().name
        if len(digest) not in _DIGEST_LENGTHS:  # a file system without links
            api = client(self.pin.endpoint, self.pin.token)
            digest = remote_digests(api, self.pin.repo_id, self.pin.commit, [name]).get(name, "")
        return matches(path, digest)


def _refuse_oversized(pin: Pin, name: str, size_bytes: int) -> None:
    limit = MAX_FILE_BYTES if name == WEIGHTS else _MAX_TEXT_BYTES
    if size_bytes > limit:
        raise HubError(f"{name} of {pin.repo_id}@{pin.commit} has {size_bytes:,} bytes; at most {limit:,} are fetched.")


def _remove(path: Path) -> None:
    path.resolve().unlink(missing_ok=True)
    path.unlink(missing_ok=True)
