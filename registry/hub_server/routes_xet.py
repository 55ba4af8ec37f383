"""Large files, the Xet way, for clients that know no other: a token, xorbs, a shard.

Downloads stay plain: ``resolve`` never mentions Xet. Everything else that a Xet client asks below ``/_xet`` (chunk
lookups across repositories, grants, newer shard calls, telemetry) is answered with 404, which means "go on without".
"""

from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse

from .access import Committable, SignedIn, TheHub, segment
from .errors import MissingError, RevisionNotFoundError, SignInError
from .hub import Hub
from .parsing import announced_length, query_flag, spool_body
from .queries import history, objects
from .signing import unix_seconds
from .xet_ingest import ingest_shard, keep_xorb

router = APIRouter()
_WRITE = "xet write"


@router.get("/api/{kind}/{namespace}/{name}/xet-write-token/{revision}")
def write_token(repo: Committable, request: Request, caller: SignedIn, hub: TheHub) -> JSONResponse:
    """A short-lived token for one repository, and where to send its bytes."""
    revision = segment(request, "revision")
    with hub.reading() as session:
        if not query_flag(request, "create_pr") and history.resolve(session, repo.id, revision) is None:
            raise RevisionNotFoundError(f"Invalid rev id: {revision[:100]!a}")
        store_id = objects.store_identity(session)
    seconds = hub.limits.xet_seconds
    # Whoever only proposes a change has a pool of his own: knowing the name of a xorb gives no right to it.
    owner = repo.namespace if caller.may_write(repo) else caller.name
    # Clients remember, by this address, what they have uploaded: it changes with the store, and differs by namespace.
    pool, expires = f"{store_id}-{owner}", unix_seconds() + seconds
    token = hub.signer.seal(_WRITE, {"repo": repo.id, "account": caller.account_id, "pool": pool}, seconds)
    address = hub.url(f"_xet/{pool}")
    return JSONResponse(
        {"casUrl": address, "exp": expires, "accessToken": token},
        headers={
            "X-Xet-Cas-Url": address,
            "X-Xet-Access-Token": token,
            "X-Xet-Token-Expiration": str(expires),
            "Cache-Control": "no-store",
        },
    )


@router.post("/_xet/{pool}/v1/xorbs/{prefix}/{xorb}")
async def put_xorb(request: Request, hub: TheHub) -> dict[str, bool]:
    """Store one xorb in the token's pool."""
    claims = _claims(request, hub)
    announced_length(request, hub.limits.xorb_bytes)
    with hub.blobs.spool(hub.limits.xorb_bytes) as spool:
        await spool_body(request, spool)
        is_new = await run_in_threadpool(keep_xorb, hub, claims["pool"], segment(request, "xorb"), spool)
    return {"was_inserted": is_new}


@router.post("/_xet/{pool}/v1/shards")
async def put_shard(request: Request, hub: TheHub) -> dict[str, int]:
    """Rebuild the files that a shard describes."""
    claims = _claims(request, hub)
    announced_length(request, hub.limits.shard_bytes)
    with hub.blobs.spool(hub.limits.shard_bytes) as spool:
        await spool_body(request, spool)
        await run_in_threadpool(spool.flush)
        await run_in_threadpool(ingest_shard, hub, claims, spool.path)
    return {"result": 1}


def _claims(request: Request, hub: Hub) -> dict[str, Any]:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise SignInError("This needs a Xet token.")
    claims = hub.signer.unseal(_WRITE, token.strip())
    if segment(request, "pool") != claims["pool"]:
        raise MissingError("This store is not here.")
    return claims
