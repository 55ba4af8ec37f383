"""Discussions and pull requests: open, list, describe, comment, rename, close, merge.

The changes of a pull request are the reference ``refs/pr/N``. Whoever may read a repository may open one, with a token
that writes; the author and those who may write to the repository decide what becomes of it, and only they merge.
"""

from typing import Any

from fastapi import APIRouter
from sqlalchemy.orm import Session
from starlette.requests import Request

from ..db.session import now_us
from .access import JsonBody, Open, Proposable, SignedIn, TheHub, Writable, lock_repo, segment
from .committing import comment_data
from .discussion_views import described, event_item, listed
from .errors import BadRequestError, ForbiddenError, MissingError, RevisionNotFoundError
from .hub import Hub
from .parsing import query_count, text_field
from .pulls import diff_text, merge_pull, proposal
from .queries import discussions, history
from .queries.history import HEADS, PULLS
from .records import Caller, Discussion, DiscussionStatus, Event, Repo

router = APIRouter()
_PAGE = 50
_MAX_TEXT = 65_536
_ONE = "/api/{kind}/{namespace}/{name}/discussions/{number}"
_STATUSES: dict[str, DiscussionStatus] = {"open": "open", "closed": "closed"}


@router.post("/api/{kind}/{namespace}/{name}/discussions")
def open_one(repo: Proposable, body: JsonBody, caller: SignedIn, hub: TheHub) -> dict[str, Any]:
    """A new discussion, or a pull request onto ``main`` that is a draft without changes so far."""
    is_pull = body.get("pullRequest") is True
    with hub.writing() as session:
        lock_repo(session, repo)
        main = history.resolve(session, repo.id, "main")
        if main is None:
            raise RevisionNotFoundError("The repository has no main.")
        made = discussions.add_discussion(
            session,
            repo.id,
            _title(body),
            caller.name,
            status="draft" if is_pull else "open",
            base=f"{HEADS}main" if is_pull else None,
        )
        if is_pull:
            history.set_ref(session, repo.id, f"{PULLS}{made.number}", main.oid)
        if text := text_field(body, "description", most=_MAX_TEXT, default=""):
            discussions.add_event(session, made, "comment", caller.name, comment_data(text))
    return listed(repo, made)


@router.get("/api/{kind}/{namespace}/{name}/discussions")
def list_all(repo: Open, request: Request, hub: TheHub) -> dict[str, Any]:
    """Those of a type, status and author, newest first, a page at a time."""
    query = request.query_params
    with hub.reading() as session:
        found = discussions.list_discussions(session, repo.id)
    if query.get("type", "all") != "all":
        found = [one for one in found if (one.base is not None) == (query["type"] == "pull_request")]
    if query.get("status", "all") != "all":
        wanted = ("draft", "open") if query["status"] == "open" else ("closed", "merged")
        found = [one for one in found if one.status in wanted]
    if "author" in query:
        found = [one for one in found if one.author == query["author"]]
    start = 0 if query.get("p", "0") == "0" else query_count(request, "p", 0, 10**6) * _PAGE
    shown = [listed(repo, one) for one in found[start : start + _PAGE]]
    return {"discussions": shown, "count": len(found), "start": start}


@router.get(_ONE)
def describe(repo: Open, request: Request, hub: TheHub) -> dict[str, Any]:
    """One discussion with what happened in it; of a pull request also its commits, conflicts and (``diff``) text."""
    with hub.reading() as session:
        found = _found(session, repo, request)
        happened = discussions.events(session, found)
        sides = None if found.base is None else proposal(session, repo, found)
    diff = diff_text(hub, sides) if sides is not None and "diff" in request.query_params else None
    return described(repo, found, happened, sides, diff)


@router.post(f"{_ONE}/comment")
def comment(repo: Proposable, request: Request, body: JsonBody, caller: SignedIn, hub: TheHub) -> dict[str, Any]:
    """Say something."""
    text = text_field(body, "comment", most=_MAX_TEXT)
    if not text.strip():
        raise BadRequestError("A comment needs text.")
    with hub.writing() as session:
        found = _locked(session, repo, request)
        return {"newMessage": event_item(_say(session, found, caller, text))}


@router.post(f"{_ONE}/comment/{{key}}/edit")
def edit(repo: Proposable, request: Request, body: JsonBody, caller: SignedIn, hub: TheHub) -> dict[str, Any]:
    """Change a comment of one's own."""
    text = text_field(body, "content", most=_MAX_TEXT)
    return _change_comment(hub, repo, request, caller, text)


@router.post(f"{_ONE}/comment/{{key}}/hide")
def hide(repo: Proposable, request: Request, caller: SignedIn, hub: TheHub) -> dict[str, Any]:
    """Remove the text of a comment for ever."""
    return _change_comment(hub, repo, request, caller, None)


@router.post(f"{_ONE}/title")
def rename(repo: Proposable, request: Request, body: JsonBody, caller: SignedIn, hub: TheHub) -> dict[str, Any]:
    """Give a discussion another title."""
    title = _title(body)
    with hub.writing() as session:
        found = _decidable(session, repo, request, caller)
        discussions.set_title(session, found, title)
        change = {"from": found.title, "to": title}
        return {"newTitle": event_item(discussions.add_event(session, found, "title-change", caller.name, change))}


@router.post(f"{_ONE}/status")
def change_status(repo: Proposable, request: Request, body: JsonBody, caller: SignedIn, hub: TheHub) -> dict[str, Any]:
    """Open or close; what was merged stays merged."""
    status = _STATUSES.get(text_field(body, "status", most=20))
    if status is None:
        raise BadRequestError("status must be open or closed.")
    with hub.writing() as session:
        found = _decidable(session, repo, request, caller)
        if found.status in ("merged", status):
            raise BadRequestError(f"The discussion is {found.status} already.")
        if text := text_field(body, "comment", most=_MAX_TEXT, default=""):
            _say(session, found, caller, text)
        discussions.set_status(session, found, status)
        changed = discussions.add_event(session, found, "status-change", caller.name, {"status": status})
        return {"newStatus": event_item(changed)}


@router.post(f"{_ONE}/merge")
def merge(repo: Writable, request: Request, body: JsonBody, caller: SignedIn, hub: TheHub) -> dict[str, Any]:
    """Bring a pull request's changes into its branch; 409 with the files that both sides changed."""
    text = text_field(body, "comment", most=_MAX_TEXT, default="")
    with hub.writing() as session:
        found = _locked(session, repo, request)
        merged = found.status == "merged"
        oid = merge_pull(session, repo, found, caller, text)
        if not merged:
            if text:
                _say(session, found, caller, text)
            discussions.add_event(session, found, "status-change", caller.name, {"status": "merged"})
    return {"mergeCommitId": oid}


def _say(session: Session, found: Discussion, caller: Caller, text: str) -> Event:
    return discussions.add_event(session, found, "comment", caller.name, comment_data(text))


def _change_comment(hub: Hub, repo: Repo, request: Request, caller: Caller, text: str | None) -> dict[str, Any]:
    """``text=None`` hides it; only its author edits, those who may write to the repository hide too."""
    with hub.writing() as session:
        found = _locked(session, repo, request)
        event = discussions.get_event(session, found, segment(request, "key").lower())
        if event is None or event.kind != "comment":
            raise MissingError("There is no such comment.")
        if event.author != caller.name and not (text is None and caller.may_write(repo)):
            raise ForbiddenError("Only its author may change a comment.")
        if event.data["hidden"]:
            raise BadRequestError("The comment is hidden.")
        data = {"text": text or "", "edited_us": now_us(session), "hidden": text is None}
        return {"updatedComment": event_item(discussions.change_event(session, event, data))}


def _decidable(session: Session, repo: Repo, request: Request, caller: Caller) -> Discussion:
    """The discussion, if the caller wrote it or may write to the repository."""
    found = _locked(session, repo, request)
    if found.author != caller.name and not caller.may_write(repo):
        raise ForbiddenError("Only its author and those who may write to the repository may do this.")
    return found


def _locked(session: Session, repo: Repo, request: Request) -> Discussion:
    lock_repo(session, repo)
    return _found(session, repo, request)


def _found(session: Session, repo: Repo, request: Request) -> Discussion:
    text = segment(request, "number")
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    found = discussions.get_discussion(session, repo.id, number)
    if found is None:
        raise MissingError("There is no such discussion.")
    return found


def _title(body: dict[str, Any]) -> str:
    title = text_field(body, "title", most=200).replace("\n", " ").strip()
    if not title:
        raise BadRequestError("A discussion needs a title.")
    return title
