"""Large files, the Xet way, for clients that know no other: a token, xorbs, a shard.

Downloads stay plain: ``resolve`` never mentions Xet. Everything else that a Xet client asks below ``/_xet`` (chunk
lookups across repositories, grants, newer shard calls, telemetry) is answered with 404, which means "go on without".
"""

from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse

from .access import SignedIn, TheHub, Writable, segment
from .errors import MissingError, RevisionNotFoundError, SignInError
from .hub import Hub
from .parsing import announced_length, query_flag, spool_body
from .queries import history
from .signing import unix_seconds
from .xet_ingest import ingest_shard, keep_xorb

router = APIRouter()
_WRITE = "xet write"


@router.get("/api/{kind}/{namespace}/{name}/xet-write-token/{revision}")
def write_token(repo: Writable, request: Request, caller: SignedIn, hub: TheHub) -> JSONResponse:
    """A short-lived token for one repository, and where to send its bytes."""
    revision = segment(request, "revision")
    with hub.reading() as session:
        if not query_flag(request, "create_pr") and history.resolve(session, repo.id, revision) is None:
            raise RevisionNotFoundError(f"Invalid rev id: {revision[:100]!a}")
    seconds = hub.limits.xet_seconds
    claims = {"repo": repo.id, "namespace": repo.namespace, "account": caller.account_id}
    token = hub.signer.seal(_WRITE, claims, seconds)
    # Clients remember, by this address, what they have uploaded: it changes with the store, and differs by namespace.
    address, expires = hub.url(f"_xet/{hub.store_id}-{repo.namespace}"), unix_seconds() + seconds
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
    """Store one xorb in the pool of the token's namespace."""
    claims = _claims(request, hub)
    announced_length(request, hub.limits.xorb_bytes)
    with hub.blobs.spool(hub.limits.xorb_bytes) as spool:
        await spool_body(request, spool)
        is_new = await run_in_threadpool(keep_xorb, hub, claims["namespace"], segment(request, "xorb"), spool)
    return {"was_inserted": is_new}


@router.post("/_xet/{pool}/v1/shards")
async def put_shard(request: Request, hub: TheHub) -> dict[str, int]:
    """Rebuild the files that a shard describes."""
    claims = _claims(request, hub)
    announced_length(request, hub.limits.shard_bytes)
    with hub.blobs.spool(hub.limits.shard_bytes) as spool:
        await spool_body(request, spool)
        await run_in_threadpool(spool.flush)
        await run_in_threadpool(ingest_shard, hub, claims["repo"], claims["namespace"], spool.path)
    return {"result": 1}


def _claims(request: Request, hub: Hub) -> dict[str, Any]:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise SignInError("This needs a Xet token.")
    claims = hub.signer.unseal(_WRITE, token.strip())
    if segment(request, "pool") != f"{hub.store_id}-{claims['namespace']}":
        raise MissingError("This store is not here.")
    return claims
