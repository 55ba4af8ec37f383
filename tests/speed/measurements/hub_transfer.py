"""Files to and from the embedded hub."""

import hashlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from huggingface_hub import HfApi

from registry.hub_server.embedded import EmbeddedHub

from ..measurement import MEASUREMENTS, OURS, Contest, DisagreementError, Measurement, Side

SIZE_BYTES = 100 * 10**6
REPO, NAME = "speed/weights", "model.safetensors"
COPY = "shutil.copyfile + fsync"


def copy(source: Path, target: Path) -> str:
    """A durable copy; returns what it hashes to, worked out lazily by :func:`agree`."""
    shutil.copyfile(source, target)
    with target.open("rb") as file:
        os.fsync(file.fileno())
    return str(target)


@contextmanager
def hub(folder: Path) -> Iterator[HfApi]:
    with EmbeddedHub(folder / "hub") as running:
        api = HfApi(endpoint=running.endpoint, token=running.token_for("speed"))
        api.create_repo(REPO)
        yield api


def fresh(path: Path) -> Path:
    """New random bytes: content that the hub has already would not be sent again."""
    path.write_bytes(os.urandom(SIZE_BYTES))
    return path


@contextmanager
def prepare_upload(folder: Path) -> Iterator[Contest]:
    source = folder / "source.bin"

    with hub(folder) as api:

        def upload() -> str:
            api.upload_file(path_or_fileobj=source, path_in_repo=NAME, repo_id=REPO)
            return str(source)

        yield Contest(
            Side(upload, before=lambda: fresh(source)),
            {COPY: Side(lambda: copy(source, folder / "copy.bin"), before=lambda: fresh(source))},
            _uploaded(api),
        )


def _uploaded(api: HfApi) -> Callable[[Mapping[str, Any]], None]:
    def agree(answers: Mapping[str, Any]) -> None:
        (info,) = api.get_paths_info(REPO, [NAME])
        if getattr(info, "size", None) != SIZE_BYTES:
            raise DisagreementError(f"the hub holds {info}")

    return agree


@contextmanager
def prepare_download(folder: Path) -> Iterator[Contest]:
    source, numbers = fresh(folder / "source.bin"), count()
    with hub(folder) as api:
        api.upload_file(path_or_fileobj=source, path_in_repo=NAME, repo_id=REPO)

        def download() -> str:
            return str(api.hf_hub_download(REPO, NAME, cache_dir=folder / f"cache-{next(numbers)}"))

        def clear() -> None:
            for cache in folder.glob("cache-*"):
                shutil.rmtree(cache)

        others = {COPY: Side(lambda: copy(source, folder / "copy.bin"))}
        yield Contest(Side(download, before=clear), others, _equal)


def _equal(answers: Mapping[str, Any]) -> None:
    digests = set()
    for name in (OURS, COPY):
        with Path(answers[name]).open("rb") as file:
            digests.add(hashlib.file_digest(file, "sha256").hexdigest())
    if len(digests) != 1:
        raise DisagreementError("the download is another file")


def _register(name: str, title: str, prepare: Any, compared: str) -> None:
    MEASUREMENTS.register(name)(
        Measurement(
            title=title,
            ours="registry.hub_server.embedded.EmbeddedHub",
            against={COPY: "limit"},
            compared=f"A file of 100 MB of random bytes on the disk of the run's temporary folder, hub and "
            "huggingface_hub's "
            f"client in one process. {compared}",
            unit="100 MB",
            repeats=3,
            prepare=prepare,
        )
    )


_register(
    "hub_upload", "Hub upload", prepare_upload,
    "Upload by Xet as one commit: the client hashes and cuts the file into chunks, the hub checks and "
    "hashes it again and "
    "syncs it to disk. Every repeat sends new content.",
)  # fmt: skip
_register(
    "hub_download", "Hub download", prepare_download,
    "`hf_hub_download` into an empty cache. The client does not sync to disk; the limit does.",
)  # fmt: skip
