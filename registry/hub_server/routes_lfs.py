"""Large files, the Git LFS way: ask in a batch, PUT to a signed address, let it be verified.

The addresses carry no token. Each is sealed for one object, size and repository, and for uploading only.
"""

from collections.abc import Collection
from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from .access import JsonBody, Proposable, SignedIn, TheHub, segment
from .errors import BadRequestError, ConflictError, MissingError
from .hub import Hub
from .multipart import part_addresses, wants_parts
from .names import is_sha256
from .parsing import announced_length, count_field, spool_body, text_field
from .queries import objects, repos
from .records import Caller, Repo
from .store import Spool

router = APIRouter()
_MEDIA_TYPE = "application/vnd.git-lfs+json"
_MAX_OBJECTS = 1000
UPLOAD = "lfs upload"


@router.post("/{namespace}/{name}.git/info/lfs/objects/batch")
@router.post("/datasets/{namespace}/{name}.git/info/lfs/objects/batch")
def batch(repo: Proposable, body: JsonBody, caller: SignedIn, hub: TheHub) -> JSONResponse:
    """Where to put each object. One without ``actions`` was uploaded to this repository before."""
    wanted = body.get("objects")
    if body.get("operation") != "upload" or body.get("hash_algo", "sha256") != "sha256":
        raise BadRequestError("This hub takes uploads named by sha256; download through resolve.")
    if not isinstance(wanted, list) or len(wanted) > _MAX_OBJECTS:
        raise BadRequestError(f"objects must be a list of at most {_MAX_OBJECTS} objects.")
    asked = [_object(hub, item) for item in wanted]
    present = present_objects(hub, repo, caller, [oid for oid, _ in asked])
    transfers = body.get("transfers")
    in_parts = isinstance(transfers, list) and "multipart" in transfers
    answers = []
    for oid, size in asked:
        answer: dict[str, Any] = {"oid": oid, "size": present.get(oid, size), "authenticated": True}
        if oid not in present:
            claims = {"repo": repo.id, "oid": oid, "size": size, "account": caller.account_id}
            answer["actions"] = _actions(hub, repo, claims, in_parts=in_parts)
        answers.append(answer)
    return JSONResponse({"transfer": "basic", "objects": answers, "hash_algo": "sha256"}, media_type=_MEDIA_TYPE)


def present_objects(hub: Hub, repo: Repo, caller: Caller, hashes: Collection[str]) -> dict[str, int]:
    """Bytes of the objects that the caller need not send; the promise keeps them from being collected for a while."""
    known = _known_objects(hub, repo, caller, hashes)
    present = {oid: size for oid, size in known.items() if hub.blobs.size(oid) == size}
    if present:
        with hub.writing() as session:
            objects.renew(session, repo.id, present)
    return present


def _known_objects(hub: Hub, repo: Repo, caller: Caller, hashes: Collection[str]) -> dict[str, int]:
    """Bytes of the objects that the repository holds for this caller."""
    proposer = None if caller.may_write(repo) else caller.account_id
    with hub.reading() as session:
        return objects.object_sizes(session, repo.id, hashes, proposer)


@router.put("/_lfs/{sealed}")
async def put(request: Request, hub: TheHub) -> Response:
    """The bytes of one object, at the address that the batch gave."""
    claims = hub.signer.unseal(UPLOAD, segment(request, "sealed"))
    announced_length(request, claims["size"])
    with hub.blobs.spool(claims["size"]) as spool:
        await spool_body(request, spool)
        await run_in_threadpool(keep_object, hub, claims, spool)
    return Response(status_code=200)


@router.post("/{namespace}/{name}.git/info/lfs/verify")
@router.post("/datasets/{namespace}/{name}.git/info/lfs/verify")
def verify(repo: Proposable, body: JsonBody, caller: SignedIn, hub: TheHub) -> dict[str, Any]:
    """Is the object there, whole?"""
    oid, size = _object(hub, body)
    present = _known_objects(hub, repo, caller, [oid])
    if oid not in present:
        raise MissingError("The object was not uploaded to this repository.")
    if present[oid] != size:
        raise BadRequestError(f"The object has {present[oid]} bytes.")
    return {"oid": oid, "size": size}


def keep_object(hub: Hub, claims: dict[str, Any], spool: Spool) -> None:
    """Bytes first, then the row that says whose they are."""
    hub.blobs.keep(spool, claims["oid"], claims["size"])
    note_object(hub, claims["repo"], claims["oid"], claims["size"], claims["account"])


def note_object(hub: Hub, repo_id: int, oid: str, size: int, account_id: int) -> None:
    """Record that a repository holds an object whose bytes are in the store, and who brought them."""
    with hub.writing() as session:
        if repos.repo_by_id(session, repo_id) is None:
            raise ConflictError("The repository is gone.")
        objects.add_object(session, repo_id, oid, size, account_id)


def _object(hub: Hub, item: Any) -> tuple[str, int]:
    if not isinstance(item, dict):
        raise BadRequestError("objects must hold objects.")
    oid = text_field(item, "oid", most=64)
    if not is_sha256(oid):
        raise BadRequestError("An object id is 64 lower-case hex digits.")
    return oid, count_field(item, "size", most=hub.limits.file_bytes)


def _actions(hub: Hub, repo: Repo, claims: dict[str, Any], *, in_parts: bool) -> dict[str, Any]:
    if in_parts and wants_parts(hub, claims["size"]):
        upload = part_addresses(hub, claims)
    else:
        upload = {"href": hub.url(f"_lfs/{hub.signer.seal(UPLOAD, claims, hub.limits.upload_seconds)}")}
    return {"upload": upload, "verify": {"href": hub.url(f"{repo.web_path}.git/info/lfs/verify")}}
