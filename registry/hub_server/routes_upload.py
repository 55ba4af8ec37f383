"""What clients ask before they upload: is the card good, which way does each file go?"""

import base64
import binascii
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import JSONResponse

from .access import Committable, JsonBody, TheHub, segment
from .cards import CardError, metadata
from .contents import small_text
from .errors import BadRequestError
from .hub import Hub
from .names import file_path
from .parsing import count_field, text_field
from .patterns import Rule, ignore_rules, is_ignored, is_large, large_rules
from .queries import history
from .records import Entry
from .routes_tree import commit_at

router = APIRouter()
_MAX_FILES = 256
_MAX_CARD_CHARACTERS = 2**20
_SAMPLE_BYTES = 512


@router.post("/api/validate-yaml")
def validate_card(body: JsonBody) -> JSONResponse:
    """Is the metadata of this README usable? Clients ask before every commit that holds one."""
    try:
        metadata(text_field(body, "content", most=_MAX_CARD_CHARACTERS))
    except (CardError, BadRequestError) as error:
        return JSONResponse({"errors": [{"message": str(error)}], "warnings": [], "error": str(error)}, status_code=400)
    return JSONResponse({"errors": [], "warnings": []})


@router.post("/api/{kind}/{namespace}/{name}/preupload/{revision}")
def preupload(repo: Committable, request: Request, body: JsonBody, hub: TheHub) -> dict[str, Any]:
    """For each file: regular or large, ignored or not, and what is there already."""
    files = body.get("files")
    if not isinstance(files, list) or len(files) > _MAX_FILES:
        raise BadRequestError(f"files must be a list of at most {_MAX_FILES} files.")
    commit = commit_at(hub, repo, segment(request, "revision"))
    with hub.reading() as session:
        known = {entry.path: entry for entry in history.entries(session, commit.id)}
    ignored = ignore_rules(text_field(body, "gitIgnore", most=2**16, default="") or _text(hub, known, ".gitignore"))
    large = large_rules(_text(hub, known, ".gitattributes"))
    return {"files": [_answer(hub, file, known, ignored, large) for file in files], "commitOid": commit.oid}


def _answer(
    hub: Hub, file: Any, known: dict[str, Entry], ignored: tuple[Rule, ...], large: tuple[Rule, ...]
) -> dict[str, Any]:
    if not isinstance(file, dict):
        raise BadRequestError("files must hold objects.")
    path = file_path(text_field(file, "path", most=4096))
    size = count_field(file, "size", most=hub.limits.file_bytes)
    large_one = is_large(large, path) or size > hub.limits.regular_bytes or not _is_text(_sample(file))
    answer = {
        "path": path,
        "uploadMode": "lfs" if large_one and size else "regular",
        "shouldIgnore": is_ignored(ignored, path),
    }
    if path in known:
        answer["oid"] = known[path].etag
    return answer


def _sample(file: dict[str, Any]) -> bytes:
    try:
        return base64.b64decode(text_field(file, "sample", most=4096, default=""), validate=True)[:_SAMPLE_BYTES]
    except (binascii.Error, ValueError) as error:
        raise BadRequestError("sample must be base64.") from error


def _is_text(sample: bytes) -> bool:
    """UTF-8 without NUL; the last character may be cut off."""
    if b"\0" in sample:
        return False
    try:
        sample.decode()
    except UnicodeDecodeError as error:
        return len(sample) == _SAMPLE_BYTES and error.start > len(sample) - 4
    return True


def _text(hub: Hub, known: dict[str, Entry], path: str) -> str:
    return small_text(hub, known.get(path)) or ""
