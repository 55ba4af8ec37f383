"""Rows of accounts and tokens."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from ..db.models import Account, Token
from ..permissions import Role
from ._common import insert_or_ignore, to_record, unknown


@dataclass(frozen=True)
class AccountRecord:
    """A person or a machine."""

    id: int
    name: str
    full_name: str | None
    email: str | None
    role: Role
    created_us: int
    disabled_us: int | None = None


@dataclass(frozen=True)
class TokenRecord:
    """A token without its secret, and whose it is; ``disabled_us`` is when the account was disabled."""

    id: int
    account_id: int
    account: str
    role: Role
    disabled_us: int | None
    name: str
    scopes: tuple[str, ...]
    expires_us: int | None
    revoked_us: int | None
    created_us: int


def insert_account(
    session: Session, name: str, role: str, email: str | None, now: int, full_name: str | None = None
) -> bool:
    """Write an account; False when the name is taken."""
    values = {"name": name, "role": role, "email": email, "full_name": full_name, "created_us": now}
    return insert_or_ignore(session, Account, values)


def list_accounts(session: Session) -> list[AccountRecord]:
    """Every account, by name."""
    return [to_record(AccountRecord, row) for row in session.execute(select(Account).order_by(Account.name)).scalars()]


def change_account(session: Session, account_id: int, **values: Any) -> None:
    """Give an account another ``role``, or say since when it is disabled (``disabled_us``, None for not)."""
    session.execute(update(Account).where(Account.id == account_id).values(**values))


def get_account(session: Session, name: str) -> AccountRecord:
    """The account of that name; raises :class:`~registry.errors.UnknownRecordError`."""
    row = session.execute(select(Account).filter_by(name=name)).scalar_one_or_none()
    if row is None:
        raise unknown("account", name, list(session.execute(select(Account.name)).scalars()))
    return to_record(AccountRecord, row)


def insert_token(
    session: Session, account_id: int, name: str, sha256: str, scopes: list[str], expires_us: int | None, now: int
) -> None:
    """Write a token's hash."""
    row = Token(
        account_id=account_id, name=name, token_sha256=sha256, scopes=scopes, expires_us=expires_us, created_us=now
    )
    session.add(row)
    session.flush()


def find_token(session: Session, sha256: str) -> TokenRecord | None:
    """The token of that hash, valid or not."""
    statement = select(Token, Account).join(Account, Token.account_id == Account.id).where(Token.token_sha256 == sha256)
    found = session.execute(statement).first()
    if found is None:
        return None
    token, account = found
    return _token_record(token, account)


def tokens_of(session: Session, account_id: int) -> list[TokenRecord]:
    """The tokens of an account, valid or not, oldest first."""
    statement = select(Token, Account).join(Account, Token.account_id == Account.id).where(Account.id == account_id)
    found = session.execute(statement.order_by(Token.id))
    return [_token_record(token, account) for token, account in found]


def revoke_tokens(session: Session, account_id: int, name: str, now: int) -> int:
    """End the valid tokens of that name; returns how many."""
    which: Any = (Token.account_id == account_id) & (Token.name == name) & Token.revoked_us.is_(None)
    found = list(session.execute(select(Token.id).where(which)).scalars())
    session.execute(update(Token).where(Token.id.in_(found)).values(revoked_us=now))
    return len(found)


def _token_record(token: Token, account: Account) -> TokenRecord:
    return to_record(TokenRecord, token, account=account.name, role=account.role, disabled_us=account.disabled_us)
