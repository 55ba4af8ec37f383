"""The two requests of a multipart upload."""

from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from .access import JsonBody, TheHub, segment
from .errors import BadRequestError, MissingError
from .hub import Hub
from .multipart import COMPLETE, PART, joined, keep_part
from .parsing import announced_length, spool_body
from .queries import objects
from .routes_lfs import keep_object

router = APIRouter()


@router.put("/_lfs/part/{sealed}")
async def put_part(request: Request, hub: TheHub) -> Response:
    """The bytes of one part; its ETag is asked for at completion."""
    claims = hub.signer.unseal(PART, segment(request, "sealed"))
    announced_length(request, claims["bytes"])
    with hub.blobs.spool(claims["bytes"]) as spool:
        await spool_body(request, spool)
        etag = await run_in_threadpool(keep_part, hub, claims, spool)
    return Response(status_code=200, headers={"ETag": f'"{etag}"'})


@router.post("/_lfs/complete/{sealed}")
def complete(request: Request, body: JsonBody, hub: TheHub) -> dict[str, bool]:
    """Join the parts; the whole must be the object that was announced."""
    claims = hub.signer.unseal(COMPLETE, segment(request, "sealed"))
    if body.get("oid") != claims["oid"]:
        raise BadRequestError("The address was made for another object.")
    _join(hub, claims, body.get("parts"))
    return {"success": True}


def _join(hub: Hub, claims: dict[str, Any], parts: Any) -> None:
    try:
        with joined(hub, claims, parts) as spool:
            keep_object(hub, claims, spool)
    except MissingError:
        # Clients ask again when an answer is lost; the parts are gone by then, because they have been joined.
        if not _was_joined(hub, claims):
            raise


def _was_joined(hub: Hub, claims: dict[str, Any]) -> bool:
    with hub.reading() as session:
        sizes = objects.object_sizes(session, claims["repo"], [claims["oid"]], claims["account"])
    return sizes.get(claims["oid"]) == int(claims["size"])
