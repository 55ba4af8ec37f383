"""One's own account: its tokens, the browsers that are signed in, signing out."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from registry import accounts, quotas
from registry.accounts import Access
from registry.administration import record
from registry.db.session import now_us, session_scope
from registry.permissions import ROLE_SCOPES, may, standing
from registry.queries import sign_in as rows
from registry.queries.accounts import TokenRecord
from registry.queries.sign_in import SessionRecord
from registry.quota_rules import Allowance
from registry.sign_in import SignedIn

from ..context import PageContext
from ..errors import ForbiddenError, NotFoundError
from ..visitors import Poster, SignedInVisitor, form_token
from ..web import render

router = APIRouter(prefix="/account")

_DAY_SECONDS = 86400.0


@dataclass(frozen=True, kw_only=True)
class AccountContext(PageContext):
    """Who is signed in; his good ``tokens`` and ``sessions`` (``here_id`` is this browser's), ``identities`` at
    providers, and the ``providers`` that he may add (address, title).

    ``scopes`` are what a new token may be given: none where this browser may make none. ``made`` is the token that was
    made just now. ``left`` are the device minutes that may be spent under ``quota``; None where there is no quota.
    """

    template: ClassVar[str] = "account.html"

    account: Access
    tokens: list[TokenRecord]
    sessions: list[SessionRecord]
    here_id: int
    identities: list[str]
    providers: list[tuple[str, str]]
    scopes: list[str]
    quota: Allowance | None
    left: float | None
    moderates: bool
    made: str | None
    csrf: str


@router.get("")
def show(request: Request, visitor: SignedInVisitor) -> Response:
    """The account of the visitor."""
    return _page(request, visitor, None)


@router.post("/tokens")
def make_token(
    request: Request,
    visitor: Poster,
    label: Annotated[str, Form(min_length=1, max_length=100)],
    scopes: Annotated[list[str], Form()],
    days: Annotated[float, Form(gt=0, le=3650)],
) -> Response:
    """Make a token and show it once."""
    if visitor.by_token:
        raise ForbiddenError(
            "A browser that a token opened makes no tokens.",
            "Sign in with a provider or a link, or use prunarium admin.",
        )
    access = visitor.access
    with session_scope(request.app.state.engine, write=True) as session:
        made = accounts.issue_token(session, access.account, label.strip(), scopes, days * _DAY_SECONDS)
        record(session, access.account, "make token", access.account, detail={"label": label, "scopes": scopes})
    return _page(request, visitor, made)


@router.post("/tokens/revoke")
def revoke_token(request: Request, visitor: Poster, label: Annotated[str, Form(max_length=200)]) -> Response:
    """End the tokens of a label."""
    access = visitor.access
    with session_scope(request.app.state.engine, write=True) as session:
        accounts.revoke_token(session, access.account, label)
        record(session, access.account, "revoke token", access.account, detail={"label": label})
    return RedirectResponse("/account", 303)


@router.post("/sessions/end")
def end_session(request: Request, visitor: Poster, number: Annotated[int, Form()]) -> Response:
    """Sign another browser of the same account out."""
    with session_scope(request.app.state.engine, write=True) as session:
        ended = rows.end_sessions(session, visitor.access.account_id, now_us(session), only=number)
    if not ended:
        raise NotFoundError("No browser of yours is signed in under that number.", "See yours: /account")
    return RedirectResponse("/account", 303)


def _page(request: Request, visitor: SignedIn, made: str | None) -> Response:
    access, now_known = visitor.access, request.app.state.providers
    with session_scope(request.app.state.engine) as session:
        tokens = [token for token, good in accounts.tokens_of(session, access.account) if good]
        sessions = rows.sessions_of(session, access.account_id, now_us(session))
        quota = request.app.state.settings.quota
        left = None if quota is None else quotas.minutes_left(session, access.account, quota)
        identities = [one.issuer for one in rows.identities_of(session, access.account_id)]
    context = AccountContext(
        title="Account",
        here="account",
        account=access,
        tokens=tokens,
        sessions=sessions,
        here_id=visitor.session_id,
        identities=identities,
        providers=[
            (f"/sign-in/with/{name}", client.provider.title)
            for name, client in now_known.items()
            if client.provider.issuer not in identities and not visitor.by_token
        ],
        scopes=[] if visitor.by_token else sorted(ROLE_SCOPES[access.role]),
        quota=quota,
        left=left,
        moderates=may("flag", "list", standing(access.scopes)),
        made=made,
        csrf=form_token(visitor.secret),
    )
    answer = render(request, context)
    answer.headers["Cache-Control"] = "no-store"
    return answer
