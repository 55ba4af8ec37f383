"""Rows of browser sessions, one-time links, identities at providers, and counts of attempts."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from ..db.models import Account, Identity, SignInLink, Token, UseCount, WebSession
from ._common import insert_or_ignore, to_record
from .accounts import AccountRecord, TokenRecord


@dataclass(frozen=True)
class SessionRecord:
    """A browser that is or was signed in; ``way`` is how: ``link``, ``token`` or the name of a provider."""

    id: int
    account_id: int
    token_id: int | None
    way: str
    created_us: int
    expires_us: int
    ended_us: int | None


@dataclass(frozen=True)
class IdentityRecord:
    """Which subject of which provider an account is."""

    id: int
    account_id: int
    issuer: str
    subject: str
    created_us: int


def insert_session(
    session: Session, account_id: int, token_id: int | None, sha256: str, way: str, now: int, expires_us: int
) -> None:
    """Write a session's hash."""
    values = {"account_id": account_id, "token_id": token_id, "secret_sha256": sha256, "way": way}
    session.add(WebSession(**values, created_us=now, expires_us=expires_us))
    session.flush()


def find_session(session: Session, sha256: str) -> tuple[SessionRecord, AccountRecord, TokenRecord | None] | None:
    """The session of that hash, good or not, whose it is, and the token that it was opened with, if there is one."""
    statement = (
        select(WebSession, Account, Token)
        .join(Account, WebSession.account_id == Account.id)
        .outerjoin(Token, WebSession.token_id == Token.id)
        .where(WebSession.secret_sha256 == sha256)
    )
    found = session.execute(statement).first()
    if found is None:
        return None
    row, account, token = found
    given = {"account": account.name, "role": account.role, "disabled_us": account.disabled_us}
    record = None if token is None else to_record(TokenRecord, token, **given)
    return to_record(SessionRecord, row), to_record(AccountRecord, account), record


def sessions_of(session: Session, account_id: int, now: int) -> list[SessionRecord]:
    """The sessions of an account that are neither ended nor over, newest first."""
    good = (WebSession.ended_us.is_(None)) & (WebSession.expires_us > now)
    statement = select(WebSession).where(WebSession.account_id == account_id, good).order_by(WebSession.id.desc())
    return [to_record(SessionRecord, row) for row in session.execute(statement).scalars()]


def end_sessions(session: Session, account_id: int, now: int, *, only: int | None = None) -> int:
    """End the sessions of an account, or one of them; returns how many were ended."""
    which: Any = (WebSession.account_id == account_id) & WebSession.ended_us.is_(None)
    if only is not None:
        which &= WebSession.id == only
    ended = update(WebSession).where(which).values(ended_us=now).returning(WebSession.id)
    return len(session.execute(ended).all())


def insert_link(session: Session, account_id: int, sha256: str, now: int, expires_us: int) -> None:
    """Write a link's hash."""
    session.add(SignInLink(account_id=account_id, secret_sha256=sha256, created_us=now, expires_us=expires_us))
    session.flush()


def account_of_link(session: Session, sha256: str, now: int) -> AccountRecord | None:
    """Whose link that is, as long as it is good."""
    good = (SignInLink.secret_sha256 == sha256) & SignInLink.used_us.is_(None) & (SignInLink.expires_us > now)
    row = session.execute(select(Account).join(SignInLink, SignInLink.account_id == Account.id).where(good)).scalar()
    return None if row is None else to_record(AccountRecord, row)


def use_link(session: Session, sha256: str, now: int) -> bool:
    """Use up a good link; False for one that is not, also when another request was faster."""
    good = (SignInLink.secret_sha256 == sha256) & SignInLink.used_us.is_(None) & (SignInLink.expires_us > now)
    used = update(SignInLink).where(good).values(used_us=now).returning(SignInLink.id)
    return session.execute(used).first() is not None


def void_links(session: Session, account_id: int, now: int) -> None:
    """No link of the account that was not used yet is good any more."""
    unused: Any = (SignInLink.account_id == account_id) & SignInLink.used_us.is_(None)
    session.execute(update(SignInLink).where(unused).values(expires_us=now))


def insert_identity(session: Session, account_id: int, issuer: str, subject: str, now: int) -> bool:
    """Write who an account is at a provider; False when that identity has an account already."""
    values = {"account_id": account_id, "issuer": issuer, "subject": subject, "created_us": now}
    return insert_or_ignore(session, Identity, values)


def account_of_identity(session: Session, issuer: str, subject: str) -> AccountRecord | None:
    """The account of a provider's subject."""
    row = session.execute(
        select(Account).join(Identity, Identity.account_id == Account.id).filter(
            Identity.issuer == issuer, Identity.subject == subject
        )
    ).scalar()  # fmt: skip
    return None if row is None else to_record(AccountRecord, row)


def identities_of(session: Session, account_id: int) -> list[IdentityRecord]:
    """Who an account is at providers, oldest first."""
    statement = select(Identity).where(Identity.account_id == account_id).order_by(Identity.id)
    return [to_record(IdentityRecord, row) for row in session.execute(statement).scalars()]


def count_use(session: Session, subject: str, window_us: int) -> int:
    """Count one more use in the window that begins then, drop the subject's former windows; returns the count."""
    session.execute(delete(UseCount).where(UseCount.subject == subject, UseCount.window_us < window_us))
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgresql_insert
    statement = insert(UseCount).values(subject=subject, window_us=window_us, uses=1)
    more = statement.on_conflict_do_update(
        index_elements=["subject", "window_us"], set_={"uses": UseCount.uses + 1}
    ).returning(UseCount.uses)
    return int(session.execute(more).scalar_one())


def uses_in(session: Session, subject: str, window_us: int) -> int:
    """The count of the window that begins then."""
    statement = select(UseCount.uses).where(UseCount.subject == subject, UseCount.window_us == window_us)
    return session.execute(statement).scalar_one_or_none() or 0


def forget_uses(session: Session, before_us: int) -> None:
    """Drop the counts of windows that began before."""
    session.execute(delete(UseCount).where(UseCount.window_us < before_us))
