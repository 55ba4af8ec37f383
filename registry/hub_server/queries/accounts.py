"""Accounts and their tokens, which are stored as SHA-256 only."""

import hashlib
import secrets
from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import Session

from ...db.account_tables import Account, Token
from ...db.session import now_us
from ..names import account_name
from ..records import READ, WRITE, Caller

TOKEN_PREFIX = "prn_"  # noqa: S105 - lets a leaked token be recognised
SCOPES = {"read": (READ,), "write": (READ, WRITE)}


def ensure_account(session: Session, name: str, full_name: str | None = None) -> tuple[int, bool]:
    """The account's id, and whether it was made now."""
    found = session.scalar(select(Account.id).where(Account.name == account_name(name)))
    if found is not None:
        return found, False
    account = Account(name=name, full_name=full_name, email=None, role="submitter", created_us=now_us(session))
    session.add(account)
    session.flush()
    return account.id, True


def account_exists(session: Session, name: str) -> bool:
    """True when somebody owns the namespace."""
    return session.scalar(select(Account.id).where(Account.name == name)) is not None


def issue_token(session: Session, account_id: int, name: str, scopes: Collection[str]) -> str:
    """A new token; this is the only time its text is known."""
    text = TOKEN_PREFIX + secrets.token_urlsafe(32)
    row = Token(
        account_id=account_id,
        name=name,
        token_sha256=_sha256(text),
        scopes=sorted(scopes),
        expires_us=None,
        revoked_us=None,
        created_us=now_us(session),
    )
    session.add(row)
    session.flush()
    return text


def caller_by_token(session: Session, text: str) -> Caller | None:
    """Who a token belongs to; None when it is unknown, expired or revoked.

    The lookup is by hash: how long it takes tells nothing about the text of any token.
    """
    found = session.execute(
        select(Account, Token)
        .join(Token, Token.account_id == Account.id)
        .where(Token.token_sha256 == _sha256(text), Token.revoked_us.is_(None))
    ).one_or_none()
    if found is None:
        return None
    account, token = found
    if token.expires_us is not None and token.expires_us <= now_us(session):
        return None
    return Caller(account.id, account.name, account.full_name, account.email, token.name, frozenset(token.scopes))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode(errors="replace")).hexdigest()
