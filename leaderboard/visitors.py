"""Who is signed in on this page, and the token that makes a form safe.

How a page with a form uses it::

    @router.get("/submit")
    def show(request: Request, visitor: SignedInVisitor) -> Response:
        # Nobody signed in: the browser is led to /sign-in and comes back here.
        require(visitor, "public submission", "create")     # 403, or 404 for what may not be known to exist
        return render(request, SubmitContext(title="Submit", csrf=form_token(visitor.secret), ...))

    @router.post("/submit")
    def hand_in(request: Request, visitor: Poster, model: Annotated[str, Form(max_length=500)]) -> Response:
        # The form's token was compared before this line.
        require(visitor, "public submission", "create")
        ... visitor.access.account_id, visitor.access.account ...
        return RedirectResponse("/submissions/...", status_code=303)

with ``<input type="hidden" name="csrf" value="{{ csrf }}">`` in the form. (A pydantic model of the form that forbids
other fields has a field ``csrf: str = ""``.) ``MaybeVisitor`` is for pages that anybody may see: None is nobody.

The site's pages know people by a cookie and ask forms for a token; the API (:mod:`leaderboard.callers`) knows them by a
bearer token and never reads a cookie.
"""

import hashlib
import hmac
import secrets
from ipaddress import ip_address, ip_network
from typing import Annotated, Final
from urllib.parse import urlencode, urlsplit

from fastapi import Depends, Request, Response

from registry import rate_limits
from registry.db.session import session_scope
from registry.errors import CatalogueError
from registry.permissions import Object, decide, standing
from registry.sign_in import SESSION_SECONDS, SignedIn, find_session

from .errors import ForbiddenError, NotFoundError, SignInNeededError, StaleFormError

_SESSION: Final = "prunarium-session"
_FORM: Final = "prunarium-form"
_ATTEMPT: Final = "prunarium-attempt"
_SAFE: Final = "__Host-"  # browsers take such a cookie over https only, and from this host only


def maybe_visitor(request: Request) -> SignedIn | None:
    """Who is signed in; None is nobody, also where a cookie is over. Asked of the database once a request."""
    if not hasattr(request.state, "visitor"):
        request.state.visitor = None
        if secret := request.cookies.get(cookie_name(request, _SESSION)):
            with session_scope(request.app.state.engine) as session:
                request.state.visitor = find_session(session, secret)
    visitor: SignedIn | None = request.state.visitor
    return visitor


MaybeVisitor = Annotated[SignedIn | None, Depends(maybe_visitor)]


def signed_in_visitor(visitor: MaybeVisitor) -> SignedIn:
    """Who is signed in. Raises :class:`~leaderboard.errors.SignInNeededError` for nobody."""
    if visitor is None:
        raise SignInNeededError("This needs somebody who is signed in.", "Sign in, and come back.")
    return visitor


SignedInVisitor = Annotated[SignedIn, Depends(signed_in_visitor)]


async def poster(request: Request, visitor: SignedInVisitor) -> SignedIn:
    """Who sends a form that this site gave him. Raises as :func:`signed_in_visitor` and :func:`require_form_token`."""
    require_form_token(visitor.secret, (await request.form()).get("csrf"))
    return visitor


Poster = Annotated[SignedIn, Depends(poster)]


async def anonymous_poster(request: Request) -> None:
    """For forms of people who are not signed in yet: the token belongs to the cookie that came with the form."""
    secret = request.cookies.get(cookie_name(request, _FORM), "")
    require_form_token(secret, (await request.form()).get("csrf"))


AnonymousPoster = Depends(anonymous_poster)


def counted_sign_in(request: Request) -> None:
    """Count an attempt to sign in. Raises :class:`~registry.errors.TooManyError` for too many from one address."""
    rate_limits.use(request.app.state.engine, rate_limits.SIGN_INS, address_of(request))


CountedSignIn = Depends(counted_sign_in)


def address_of(request: Request) -> str:
    """Where a request comes from, as coarse as it is given out: of IPv6 the network of one household.

    Behind a proxy it is what the proxy says, where uvicorn trusts it (``FORWARDED_ALLOW_IPS``).
    """
    host = request.client.host if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:
        return host[:100]
    return str(address) if address.version == 4 else str(ip_network((address, 64), strict=False))


def require(visitor: SignedIn | None, kind: Object, action: str, *, owner: bool = False, name: str = "") -> None:
    """Let pass who may do ``action`` to a thing of ``kind`` (:mod:`registry.permissions`), called ``name`` to him.

    Raises :class:`~leaderboard.errors.SignInNeededError`, :class:`~leaderboard.errors.ForbiddenError` or
    :class:`~leaderboard.errors.NotFoundError`.
    """
    decision = decide(kind, action, standing(visitor.access.scopes) if visitor else None, owner=owner)
    if decision == "sign in":
        raise SignInNeededError("This needs somebody who is signed in.", "Sign in, and come back.")
    if decision == "not found":
        raise NotFoundError(f"There is nothing called {name!r} here." if name else "There is no page at this address.")
    if decision == "forbidden":
        who = visitor.access.account if visitor else "nobody"
        raise ForbiddenError(f"{who} may not do that here.", "Ask an administrator of this server for the role.")


def form_token(secret: str) -> str:
    """What a form has to send back, made of the cookie's secret; another one each time, so that compression, which
    tells how alike texts are, tells nothing."""
    salt = secrets.token_hex(8)
    return f"{salt}.{_sealed(secret, salt)}"


def require_form_token(secret: str, sent: object) -> None:
    """Raise :class:`~leaderboard.errors.StaleFormError` unless ``sent`` was made of ``secret``."""
    salt, _, seal = sent.partition(".") if isinstance(sent, str) else ("", "", "")
    if not secret or not hmac.compare_digest(_sealed(secret, salt).encode(), seal.encode()):
        raise StaleFormError(
            "This form was not given to this browser, or before it signed in or out.",
            "Go back, load the page again, and send it once more.",
        )


def _sealed(secret: str, salt: str) -> str:
    return hmac.new(secret.encode(), f"form {salt}".encode(), hashlib.sha256).hexdigest()


def form_secret(request: Request) -> str:
    """The secret of the forms of somebody who is not signed in; :func:`keep_form_secret` sends it along."""
    return request.cookies.get(cookie_name(request, _FORM)) or secrets.token_urlsafe(32)


def keep_form_secret(request: Request, answer: Response, secret: str) -> None:
    """Set the cookie for :func:`form_secret`."""
    _set(request, answer, _FORM, secret, 3600)


def keep_session(request: Request, answer: Response, secret: str) -> None:
    """Set the cookie of a session that just began."""
    _set(request, answer, _SESSION, secret, SESSION_SECONDS)


def keep_attempt(request: Request, answer: Response, packed: str) -> None:
    """Set the cookie of an attempt to sign in with a provider; it is over after ten minutes."""
    _set(request, answer, _ATTEMPT, packed, 600)


def attempt_cookie(request: Request) -> str:
    """What :func:`keep_attempt` set."""
    return request.cookies.get(cookie_name(request, _ATTEMPT), "")


def drop_attempt(request: Request, answer: Response) -> None:
    """Take the cookie away."""
    _set(request, answer, _ATTEMPT, "", 0)


def drop_session(request: Request, answer: Response) -> None:
    """Take the cookie away."""
    _set(request, answer, _SESSION, "", 0)


def cookie_name(request: Request, name: str) -> str:
    """The name under which a browser gets a cookie of ours."""
    return f"{_SAFE}{name}" if is_secure(request) else name


def is_secure(request: Request) -> bool:
    """Whether browsers reach the site by https, as far as the address tells that it was given, or else the request."""
    base: str | None = request.app.state.settings.base_url
    return (base or str(request.base_url)).startswith("https://")


def _set(request: Request, answer: Response, name: str, value: str, seconds: int) -> None:
    answer.set_cookie(
        cookie_name(request, name), value, max_age=seconds, path="/", secure=is_secure(request), httponly=True,
        samesite="lax",
    )  # fmt: skip


def shown_visitor(request: Request) -> str | None:
    """The name that the layout shows; also on the page that says that the catalogue cannot be read."""
    try:
        visitor = maybe_visitor(request)
    except CatalogueError:
        return None
    return None if visitor is None else visitor.access.account


def sign_in_address(then: str) -> str:
    """Where one signs in, and goes on to ``then``."""
    return f"/sign-in?{urlencode({'next': then})}" if then else "/sign-in"


def local_path(wanted: str | None, otherwise: str = "/account") -> str:
    """``wanted`` where it is a path of this site: nobody is led away from here by a link that begins here.

    >>> local_path("/models?q=a"), local_path("//evil.example"), local_path("/\\\\evil.example")
    ('/models?q=a', '/account', '/account')
    """
    if not wanted or not wanted.startswith("/") or "\\" in wanted or any(character <= " " for character in wanted):
        return otherwise
    parts = urlsplit(wanted)
    return otherwise if wanted.startswith("//") or parts.scheme or parts.netloc else wanted
