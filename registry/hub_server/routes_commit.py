"""The commit: its lines are read one by one, its files stored as they come, then the branch moves at once."""

from typing import Any

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from .access import Committable, SignedIn, TheHub, segment
from .committing import Pending, commit
from .errors import BadRequestError, TooLargeError
from .git import regular_entry
from .hub import Hub
from .ndjson import Header, Inline, lines, parse_header, parse_operation
from .parsing import announced_length, query_flag

router = APIRouter()


@router.post("/api/{kind}/{namespace}/{name}/commit/{revision}")
async def create_commit(repo: Committable, request: Request, caller: SignedIn, hub: TheHub) -> dict[str, Any]:
    """Add a commit to a branch, or (``?create_pr=1``) open a pull request with it."""
    announced_length(request, hub.limits.commit_bytes)
    header, pending = await _read(request, hub)
    as_pull = query_flag(request, "create_pr")
    revision = segment(request, "revision")
    done = await run_in_threadpool(commit, hub, repo, caller, revision, header, pending, as_pull=as_pull)
    answer = {"success": True, "commitOid": done.oid, "commitUrl": hub.commit_url(repo, done.oid), "hookOutput": ""}
    if done.pull is not None:
        answer["pullRequestUrl"] = hub.url(f"{repo.web_path}/discussions/{done.pull}")
    return answer


async def _read(request: Request, hub: Hub) -> tuple[Header, list[Pending]]:
    """The header, and the operations with their bytes already stored (nobody can see them yet)."""
    header: Header | None = None
    pending: list[Pending] = []
    async for line in lines(request.stream(), hub.limits):
        if header is None:
            header = parse_header(line)
            continue
        if len(pending) >= hub.limits.commit_operations:
            raise TooLargeError(f"A commit may have {hub.limits.commit_operations} operations.")
        pending.append(await run_in_threadpool(_store, hub, line))
    if header is None:
        raise BadRequestError("The commit is empty.")
    return header, pending


def _store(hub: Hub, line: bytes) -> Pending:
    operation = parse_operation(line, hub.limits)
    if not isinstance(operation, Inline):
        return operation
    hub.blobs.put(operation.content)
    return regular_entry(operation.path, operation.content)
