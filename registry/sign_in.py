"""Browsers that are signed in, and links that sign an account in once. Secrets are shown once and stored hashed."""

import re
import secrets
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy.orm import Session

from .accounts import Access, digest, find_good_token, is_good, scopes_of
from .db.session import now_us
from .errors import AccessError
from .permissions import ROLE_SCOPES
from .queries import accounts as account_rows
from .queries import sign_in as rows

SESSION_SECONDS: Final = 14 * 86400
LINK_SECONDS: Final = 24 * 3600
_SECOND_US = 1_000_000


@dataclass(frozen=True)
class SignedIn:
    """Who a browser is signed in as: ``access`` says what it may do, ``by_token`` that a token gave it (and bounds it).

    ``secret`` is the content of the browser's cookie.
    """

    access: Access
    session_id: int
    by_token: bool
    secret: str = field(repr=False)


def begin_session(session: Session, account_id: int, way: str, token_id: int | None = None) -> str:
    """Sign an account in; returns the secret for the cookie, a new one each time."""
    secret, now = secrets.token_urlsafe(32), now_us(session)
    expires = now + SESSION_SECONDS * _SECOND_US
    rows.insert_session(session, account_id, token_id, digest(secret), way, now, expires)
    return secret


def begin_session_by_token(session: Session, token: str) -> str:
    """Sign in with a token: the session may do what the token may, as long as it may.

    Raises :class:`~registry.errors.AccessError` for a token that is no good.
    """
    found = find_good_token(session, token)
    return begin_session(session, found.account_id, "token", found.id)


def find_session(session: Session, secret: str) -> SignedIn | None:
    """Who the browser with that cookie is signed in as; None when it is not, or not any more."""
    found = rows.find_session(session, digest(secret))
    if found is None:
        return None
    row, account, token = found
    now = now_us(session)
    if row.ended_us is not None or row.expires_us <= now or account.disabled_us is not None:
        return None
    if token is not None and not is_good(token, now):
        return None
    scopes = ROLE_SCOPES[account.role] if token is None else scopes_of(token)
    access = Access(account.id, account.name, account.role, "the site" if token is None else token.name, scopes)
    return SignedIn(access, row.id, token is not None, secret)


def end_session(session: Session, signed_in: SignedIn) -> None:
    """Sign this browser out."""
    rows.end_sessions(session, signed_in.access.account_id, now_us(session), only=signed_in.session_id)


def make_link(session: Session, account: str, lifetime_seconds: float = LINK_SECONDS) -> str:
    """The secret of a link that signs an account in once; links made before that were not used stop working.

    Raises :class:`~registry.errors.UnknownRecordError` for the account.
    """
    owner, secret, now = account_rows.get_account(session, account), secrets.token_urlsafe(32), now_us(session)
    rows.void_links(session, owner.id, now)
    rows.insert_link(session, owner.id, digest(secret), now, now + int(lifetime_seconds * _SECOND_US))
    return secret


def account_of_link(session: Session, secret: str) -> str:
    """Whom a link would sign in. Raises :class:`~registry.errors.AccessError` for one that is used, over or unknown."""
    found = rows.account_of_link(session, digest(secret), now_us(session))
    if found is None or found.disabled_us is not None:
        raise AccessError("This link does not work: it works once, and for a day.", "Ask for another one.")
    return found.name


def use_link(session: Session, secret: str) -> str:
    """Use a link up; returns the secret of the new session. Raises as :func:`account_of_link`."""
    name = account_of_link(session, secret)
    if not rows.use_link(session, digest(secret), now_us(session)):
        raise AccessError("This link was used a moment ago.", "Ask for another one.")
    return begin_session(session, account_rows.get_account(session, name).id, "link")


def account_of_identity(
    session: Session, issuer: str, subject: str, username: str | None, full_name: str | None, mine: SignedIn | None
) -> int:
    """The account of a provider's subject.

    Where he has none yet: that of the browser that is signed in as ``mine``, or else a new one, called as he calls
    himself or, where that name is taken, by it with a number: a name alone never opens an account.
    Raises :class:`~registry.errors.AccessError` for a disabled account, and where the identity is another account's.
    """
    found, now = rows.account_of_identity(session, issuer, subject), now_us(session)
    # A token opens less than its account: what it opened cannot add a way to open all of it.
    wanted = mine.access.account_id if mine is not None and not mine.by_token else None
    if found is not None:
        if found.disabled_us is not None:
            raise AccessError(f"The account {found.name} is disabled.", "Ask an administrator of this server.")
        if wanted is not None and wanted != found.id:
            raise AccessError(f"That identity belongs to the account {found.name}.", "Sign out first, to use it.")
        return found.id
    account_id = wanted or _new_account(session, username, full_name, now)
    rows.insert_identity(session, account_id, issuer, subject, now)
    return account_id


def _new_account(session: Session, username: str | None, full_name: str | None, now: int) -> int:
    base = name_from(username)
    for name in (base, *(f"{base}-{number}" for number in range(2, 1000))):
        if account_rows.insert_account(session, name, "submitter", None, now, full_name):
            return account_rows.get_account(session, name).id
    raise AccessError(f"There are too many accounts called {base}.", "Ask an administrator of this server for one.")


def name_from(username: str | None) -> str:
    """A name for an account, as near as may be to what somebody calls himself.

    >>> name_from("ada.lovelace@example.org"), name_from("../Ada Løvelace"), name_from(None)
    ('ada.lovelace', 'Ada-L-velace', 'user')
    """
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", (username or "").partition("@")[0])[:60].strip(".-")
    return name or "user"
