"""Signing in with a provider, a token or a link, and signing out."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, ClassVar
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import RedirectResponse
from sqlalchemy.orm import Session

from registry import sign_in
from registry.db.session import session_scope
from registry.errors import AccessError

from ..context import PageContext
from ..errors import NotFoundError
from ..oidc import Attempt, OpenIdClient
from ..visitors import (
    AnonymousPoster,
    CountedSignIn,
    MaybeVisitor,
    Poster,
    attempt_cookie,
    drop_attempt,
    drop_session,
    form_secret,
    form_token,
    keep_attempt,
    keep_form_secret,
    keep_session,
    local_path,
)
from ..web import render

router = APIRouter()

Next = Annotated[str, Query(max_length=2000)]


@dataclass(frozen=True, kw_only=True)
class SignInContext(PageContext):
    """``providers`` are address and title; ``next`` is where the reader goes on, ``problem`` why he is here again."""

    template: ClassVar[str] = "sign_in.html"

    providers: list[tuple[str, str]]
    next: str
    problem: str | None
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
    return _form(request, wanted)


@router.post("/sign-in", dependencies=[AnonymousPoster, CountedSignIn])
def by_token(
    request: Request,
    visitor: MaybeVisitor,
    token: Annotated[str, Form(max_length=200)],
    next: Annotated[str, Form(max_length=2000)] = "",  # noqa: A002 - the name in forms
) -> Response:
    """Sign in with a token."""
    try:
        with session_scope(request.app.state.engine, write=True) as session:
            _end_former(session, visitor)
            secret = sign_in.begin_session_by_token(session, token.strip())
    except AccessError as error:
        return _form(request, local_path(next), f"{error.message} {error.hint}")
    return _signed_in(request, secret, next)


@router.get("/sign-in/with/{name}", dependencies=[CountedSignIn])
def begin(request: Request, name: str, next: Next = "") -> Response:  # noqa: A002 - the name in addresses
    """Send the browser to a provider."""
    address, attempt = _provider(request, name).begin(local_path(next))
    answer = RedirectResponse(address, 303)
    answer.headers["Cache-Control"] = "no-store"
    keep_attempt(request, answer, attempt.packed())
    return answer


@router.get("/sign-in/done/{name}")
def done(request: Request, name: str, visitor: MaybeVisitor) -> Response:
    """The browser comes back from a provider."""
    attempt = Attempt.unpacked(attempt_cookie(request))
    known = _provider(request, name).finish(attempt, request.query_params)
    with session_scope(request.app.state.engine, write=True) as session:
        account = sign_in.account_of_identity(
            session, known.issuer, known.subject, known.username, known.full_name, visitor
        )
        _end_former(session, visitor)
        secret = sign_in.begin_session(session, account, name)
    answer = _signed_in(request, secret, attempt.then if attempt else "")
    drop_attempt(request, answer)
    return answer


@router.get("/sign-in/link", dependencies=[CountedSignIn])
def show_link(request: Request, key: Annotated[str, Query(max_length=200)]) -> Response:
    """Ask before the link is used up: programs that look at links in messages must not do it."""
    with session_scope(request.app.state.engine) as session:
        account = sign_in.account_of_link(session, key)
    return _with_form(
        request, lambda csrf: LinkContext(title="Sign in", here="account", account=account, key=key, csrf=csrf)
    )


@router.post("/sign-in/link", dependencies=[AnonymousPoster, CountedSignIn])
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


def _provider(request: Request, name: str) -> OpenIdClient:
    providers: dict[str, OpenIdClient] = request.app.state.providers
    if name not in providers:
        raise NotFoundError(f"Nobody signs in with {name!r} here.", "See the page for signing in: /sign-in")
    return providers[name]


def _form(request: Request, wanted: str, problem: str | None = None) -> Response:
    query = urlencode({"next": wanted})
    providers = [
        (f"/sign-in/with/{name}?{query}", client.provider.title)
        for name, client in request.app.state.providers.items()
    ]  # fmt: skip
    return _with_form(
        request,
        lambda csrf: SignInContext(
            title="Sign in", here="account", providers=providers, next=wanted, problem=problem, csrf=csrf
        ),
        403 if problem else 200,
    )


def _end_former(session: Session, visitor: sign_in.SignedIn | None) -> None:
    if visitor is not None:
        sign_in.end_session(session, visitor)


def _signed_in(request: Request, secret: str, wanted: str) -> Response:
    answer = RedirectResponse(local_path(wanted), 303)
    keep_session(request, answer, secret)
    return answer


def _with_form(request: Request, context: Callable[[str], PageContext], status: int = 200) -> Response:
    secret = form_secret(request)
    answer = render(request, context(form_token(secret)), status=status)
    answer.headers["Cache-Control"] = "no-store"
    keep_form_secret(request, answer, secret)
    return answer
