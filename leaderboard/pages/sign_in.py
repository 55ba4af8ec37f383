"""Signing in with a token or a link, and signing out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from registry import sign_in
from registry.db.session import session_scope

from ..context import PageContext
from ..visitors import (
    AnonymousPoster,
    MaybeVisitor,
    Poster,
    drop_session,
    form_secret,
    form_token,
    keep_form_secret,
    keep_session,
    local_path,
)
from ..web import render

router = APIRouter()

Next = Annotated[str, Query(max_length=2000)]


@dataclass(frozen=True, kw_only=True)
class SignInContext(PageContext):
    """``next`` is where the reader goes on, ``csrf`` the token of the forms."""

    template: ClassVar[str] = "sign_in.html"

    next: str
    csrf: str


@dataclass(frozen=True, kw_only=True)
class LinkContext(PageContext):
    """Whom the link of the secret ``key`` signs in: ``account``."""

    template: ClassVar[str] = "sign_in_link.html"

    account: str
    key: str
    csrf: str


@router.get("/sign-in")
def show(request: Request, visitor: MaybeVisitor, next: Next = "") -> Response:  # noqa: A002 - the name in addresses
    """The ways to sign in; somebody who is signed in goes on at once."""
    wanted = local_path(next)
    if visitor is not None:
        return RedirectResponse(wanted, 303)
    return _with_form(request, lambda csrf: SignInContext(title="Sign in", here="account", next=wanted, csrf=csrf))


@router.post("/sign-in", dependencies=[AnonymousPoster])
def by_token(
    request: Request,
    visitor: MaybeVisitor,
    token: Annotated[str, Form(max_length=200)],
    next: Annotated[str, Form(max_length=2000)] = "",  # noqa: A002 - the name in forms
) -> Response:
    """Sign in with a token."""
    with session_scope(request.app.state.engine, write=True) as session:
        _end_former(session, visitor)
        secret = sign_in.begin_session_by_token(session, token.strip())
    return _signed_in(request, secret, next)


@router.get("/sign-in/link")
def show_link(request: Request, key: Annotated[str, Query(max_length=200)]) -> Response:
    """Ask before the link is used up: programs that look at links in messages must not do it."""
    with session_scope(request.app.state.engine) as session:
        account = sign_in.account_of_link(session, key)
    return _with_form(
        request, lambda csrf: LinkContext(title="Sign in", here="account", account=account, key=key, csrf=csrf)
    )


@router.post("/sign-in/link", dependencies=[AnonymousPoster])
def by_link(request: Request, visitor: MaybeVisitor, key: Annotated[str, Form(max_length=200)]) -> Response:
    """Sign in with a link."""
    with session_scope(request.app.state.engine, write=True) as session:
        _end_former(session, visitor)
        secret = sign_in.use_link(session, key)
    return _signed_in(request, secret, "")


@router.post("/sign-out")
def sign_out(request: Request, visitor: Poster) -> Response:
    """End this browser's session."""
    with session_scope(request.app.state.engine, write=True) as session:
        sign_in.end_session(session, visitor)
    answer = RedirectResponse("/", 303)
    drop_session(request, answer)
    return answer


def _end_former(session: Session, visitor: sign_in.SignedIn | None) -> None:
    if visitor is not None:
        sign_in.end_session(session, visitor)


def _signed_in(request: Request, secret: str, wanted: str) -> Response:
    answer = RedirectResponse(local_path(wanted), 303)
    keep_session(request, answer, secret)
    return answer


def _with_form(request: Request, context: Callable[[str], PageContext]) -> Response:
    secret = form_secret(request)
    answer = render(request, context(form_token(secret)))
    answer.headers["Cache-Control"] = "no-store"
    keep_form_secret(request, answer, secret)
    return answer
