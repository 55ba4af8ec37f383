"""Accounts and their tokens: shown once, stored as SHA-256, with scopes, an expiry and a revocation."""

import hashlib
import re
import secrets
from collections.abc import Collection
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy.orm import Session

from .db.session import now_us
from .errors import AccessError, InvalidRecordError, ScopeError, UnknownRecordError
from .permissions import ROLE_SCOPES, Role
from .queries import accounts as rows
from .queries.deliveries import set_operator

__all__ = [
    "ROLE_SCOPES", "Access", "Role", "authenticate", "create_account", "digest", "find_good_token", "identify",
    "is_good", "issue_token", "require_scope", "revoke_token", "scopes_of", "tokens_of",
]  # fmt: skip

_PREFIX = "prn_"
_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,94}[A-Za-z0-9_])?\Z")
_SECOND_US = 1_000_000


@dataclass(frozen=True)
class Access:
    """Who a token speaks for, and what it may do."""

    account_id: int
    account: str
    role: Role
    token: str
    scopes: frozenset[str]


def create_account(session: Session, name: str, role: Role = "submitter", email: str | None = None) -> int:
    """Write an account; returns its id. Raises :class:`InvalidRecordError` for a name that is taken or none."""
    if not _NAME.match(name):
        raise InvalidRecordError(
            f"{name[:100]!r} cannot be the name of an account.", "Use at most 96 letters, digits, '-', '_' and '.'"
        )
    if not rows.insert_account(session, name, role, email, now_us(session)):
        raise InvalidRecordError(f"There is an account {name!r} already.")
    return rows.get_account(session, name).id


def issue_token(
    session: Session, account: str, name: str, scopes: Collection[str], lifetime_seconds: float | None = None
) -> str:
    """Make a token called ``name``; returns it, and it is never seen again.

    Raises :class:`UnknownRecordError` for the account and :class:`InvalidRecordError` for scopes beyond its role.
    """
    owner = rows.get_account(session, account)
    allowed = ROLE_SCOPES[owner.role]
    if not scopes or set(scopes) - allowed:
        raise InvalidRecordError(
            f"A token of the role {owner.role} cannot have the scopes {sorted(scopes)}.",
            f"Choose from: {', '.join(sorted(allowed))}.",
        )
    token, now = f"{_PREFIX}{secrets.token_urlsafe(32)}", now_us(session)
    expires = None if lifetime_seconds is None else now + int(lifetime_seconds * _SECOND_US)
    rows.insert_token(session, owner.id, name, digest(token), sorted(scopes), expires, now)
    return token


def worker_token(
    session: Session, name: str, operator: str | None = None, lifetime_seconds: float | None = None
) -> str:
    """A token for a machine that evaluates, whose account is made if it is new; ``operator`` is whose machine it is.

    Raises :class:`UnknownRecordError` for the operator, and :class:`InvalidRecordError` for an account of another role.
    """
    operator_id = None if operator is None else rows.get_account(session, operator).id
    with suppress(InvalidRecordError):  # it is there, or its name is none, which the next line finds out
        create_account(session, name, "worker")
    account = rows.get_account(session, name)
    if account.role != "worker":
        raise InvalidRecordError(f"{name} is an account of a {account.role}.", "Give the machine a name of its own.")
    if operator_id is not None:
        set_operator(session, account.id, operator_id)
    return issue_token(session, name, "worker", ["work"], lifetime_seconds)


def identify(session: Session, token: str) -> Access:
    """Who ``token`` speaks for.

    Raises :class:`AccessError` that never tells an unknown token from a revoked or expired one.
    """
    found = find_good_token(session, token)
    return Access(found.account_id, found.account, found.role, found.name, scopes_of(found))


def find_good_token(session: Session, token: str) -> rows.TokenRecord:
    """The row of ``token``. Raises as :func:`identify`."""
    # Looked up by its hash: how long that takes tells nothing about the token.
    found = rows.find_token(session, digest(token))
    if found is None or not is_good(found, now_us(session)):
        raise AccessError("The token is not valid.", "Make a new one, or sign in again.")
    return found


def scopes_of(token: rows.TokenRecord) -> frozenset[str]:
    """What a token may do now: no more than its account, whose role may have changed since."""
    return frozenset(token.scopes) & ROLE_SCOPES[token.role]


def authenticate(session: Session, token: str, scope: str) -> Access:
    """Who ``token`` speaks for, if it may do ``scope``. Raises as :func:`identify`, and :class:`ScopeError`."""
    access = identify(session, token)
    require_scope(access, scope)
    return access


def require_scope(access: Access, scope: str) -> None:
    """Raise :class:`ScopeError` where a good token does not reach."""
    if scope not in access.scopes:
        raise ScopeError(f"The token {access.token!r} does not have the scope {scope!r}.", "Make one that has it.")


def revoke_token(session: Session, account: str, name: str) -> None:
    """End every token of that name of an account. Raises :class:`UnknownRecordError` when there is none."""
    if not rows.revoke_tokens(session, rows.get_account(session, account).id, name, now_us(session)):
        raise UnknownRecordError(f"The account {account!r} has no valid token {name!r}.")


def tokens_of(session: Session, account: str) -> list[tuple[rows.TokenRecord, bool]]:
    """The tokens of an account, and whether each is good. Raises :class:`UnknownRecordError` for the account."""
    now = now_us(session)
    return [(token, is_good(token, now)) for token in rows.tokens_of(session, rows.get_account(session, account).id)]


def is_good(token: rows.TokenRecord, now: int) -> bool:
    """Whether a token works at that time: neither revoked nor expired, and of an account that is not disabled."""
    ended = token.revoked_us is not None or token.disabled_us is not None
    return not ended and (token.expires_us is None or token.expires_us > now)


def digest(secret: str) -> str:
    """How a secret is stored: plain SHA-256, because it holds 256 random bits, which no dictionary has."""
    return hashlib.sha256(secret.encode()).hexdigest()
