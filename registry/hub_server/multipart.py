"""Very large files in parts: each part has its own signed address, a last request joins them."""

import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from .errors import BadRequestError, MissingError
from .hub import Hub
from .store import Spool

PART, COMPLETE = "lfs part", "lfs complete"
_COPY_BYTES = 2**20


def wants_parts(hub: Hub, size: int) -> bool:
    """True for files so large that a broken connection should not cost everything."""
    return size >= hub.limits.multipart_from_bytes


def part_addresses(hub: Hub, claims: Mapping[str, Any]) -> dict[str, Any]:
    """The upload action: a completion address, the size of the parts and one address for each."""
    seconds, step, size = hub.limits.upload_seconds, hub.limits.part_bytes, int(claims["size"])
    upload = {**claims, "upload": secrets.token_hex(16)}
    header = {"chunk_size": str(step)}
    for number, start in enumerate(range(0, size, step), 1):
        part = upload | {"part": number, "bytes": min(step, size - start)}
        header[str(number)] = hub.url(f"_lfs/part/{hub.signer.seal(PART, part, seconds)}")
    return {"href": hub.url(f"_lfs/complete/{hub.signer.seal(COMPLETE, upload, seconds)}"), "header": header}


def keep_part(hub: Hub, claims: Mapping[str, Any], spool: Spool) -> str:
    """Store a part; returns its ETag."""
    if spool.size != claims["bytes"]:
        raise BadRequestError(f"The part must have {claims['bytes']} bytes.")
    spool.keep(_folder(hub, claims) / f"{claims['part']:06d}-{spool.sha256}")
    return spool.sha256


@contextmanager
def joined(hub: Hub, claims: Mapping[str, Any], parts: Any) -> Iterator[Spool]:
    """A spool with all parts in order; the parts are removed when the block ends well."""
    folder = _folder(hub, claims)
    with hub.blobs.spool(claims["size"]) as spool:
        for number, etag in enumerate(_etags(parts), 1):
            try:
                with (folder / f"{number:06d}-{etag}").open("rb") as file:
                    while data := file.read(_COPY_BYTES):
                        spool.write(data)
            except FileNotFoundError as error:
                raise MissingError(f"Part {number} was not uploaded.") from error
        yield spool
    shutil.rmtree(folder, ignore_errors=True)


def _etags(parts: Any) -> list[str]:
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise BadRequestError("parts must be a list of {partNumber, etag}.")
    numbers = [part.get("partNumber") for part in parts]
    etags = [str(part.get("etag")).strip('"') for part in parts]
    if numbers != list(range(1, len(parts) + 1)) or not all(etag.isalnum() and etag.isascii() for etag in etags):
        raise BadRequestError("parts must be numbered from 1, each with the ETag it was given.")
    return etags


def _folder(hub: Hub, claims: Mapping[str, Any]) -> Path:
    # The name is random and was sealed by us; it never comes from a client.
    return hub.blobs.root / "parts" / str(claims["upload"])
