"""Pull requests, as far as clients need them to propose changes: open, list, describe.

A pull request is a reference ``refs/pr/N``; its title, author and time are those of its first commit. There are no
discussions without changes, and merging is done by committing the files to the branch.
"""

from typing import Any

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.requests import Request

from ..db.session import now_us
from .access import JsonBody, Readable, SignedIn, TheHub, Writable, segment
from .answers import iso_time
from .committing import next_pull, pulls
from .errors import BadRequestError, MissingError, RepoNotFoundError, RevisionNotFoundError
from .history import make_commit
from .parsing import text_field
from .queries import history, repos
from .queries.history import HEADS, PULLS
from .records import Commit, Repo

router = APIRouter()


@router.post("/api/{kind}/{namespace}/{name}/discussions")
def open_pull(repo: Writable, body: JsonBody, caller: SignedIn, hub: TheHub) -> dict[str, Any]:
    """A new pull request onto ``main``, without changes so far."""
    if body.get("pullRequest") is not True:
        raise BadRequestError("This hub has pull requests only, no other discussions.")
    title = text_field(body, "title", most=200).replace("\n", " ").strip() or "Pull request"
    description = text_field(body, "description", most=65_536, default="")
    with hub.writing() as session:
        if not repos.lock_repo(session, repo.id):
            raise RepoNotFoundError("Repository not found")
        base = history.resolve(session, repo.id, "main")
        if base is None:
            raise RevisionNotFoundError("The repository has no main.")
        number = next_pull(session, repo.id)
        tree = {entry.path: entry for entry in history.entries(session, base.id)}
        # The number keeps two requests of one second and title apart.
        message = f"{description}\n\nPull request {number}".strip()
        made = make_commit(tree, base.oid, caller.name, now_us(session), title, message, None)
        stored = history.add_commit(session, repo.id, made, tree.values())
        history.set_ref(session, repo.id, f"{PULLS}{number}", stored.oid)
    return _described(repo, number, stored)


@router.get("/api/{kind}/{namespace}/{name}/discussions")
def list_pulls(repo: Readable, hub: TheHub) -> dict[str, Any]:
    """Every pull request, newest first."""
    with hub.reading() as session:
        found = [
            _described(repo, number, _first(session, repo, oid)) for number, oid in pulls(session, repo.id).items()
        ]
    return {"discussions": found[::-1], "count": len(found), "start": 0}


@router.get("/api/{kind}/{namespace}/{name}/discussions/{number}")
def describe(repo: Readable, request: Request, hub: TheHub) -> dict[str, Any]:
    """One pull request."""
    text = segment(request, "number")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    with hub.reading() as session:
        oid = pulls(session, repo.id).get(number)
        if oid is None:
            raise MissingError("There is no such pull request.")
        return _described(repo, number, _first(session, repo, oid))


def _first(session: Session, repo: Repo, oid: str) -> Commit:
    """The oldest commit of a pull request that is not in the history of ``main``; its head when all of them are."""
    head, main = history.commit_by_oid(session, repo.id, oid), history.resolve(session, repo.id, "main")
    if head is None or main is None:
        raise RevisionNotFoundError("The pull request has lost its commits.")
    known = {commit.oid for commit in history.ancestry(session, repo.id, main)}
    own = [commit for commit in history.ancestry(session, repo.id, head) if commit.oid not in known]
    return own[-1] if own else head


def _described(repo: Repo, number: int, first: Commit) -> dict[str, Any]:
    return {
        "num": number,
        "title": first.title,
        "author": {"name": first.author},
        "createdAt": iso_time(first.at_us),
        "status": "open",
        "isPullRequest": True,
        "repo": {"name": repo.full_name, "type": repo.kind[:-1]},
        "changes": {"base": f"{HEADS}main"},
        "filesWithConflicts": [],
        "events": [],
    }
