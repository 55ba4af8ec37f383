"""Organisations: accounts that are namespaces of several people."""

from collections.abc import Iterator

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from ...db.account_tables import Account
from ...db.hub_community_tables import HubMember, HubOrganisation
from ...db.session import now_us
from ...queries.accounts import AccountRecord
from ...queries.accounts import get_account as account_by_name


def find_account(session: Session, name: str) -> AccountRecord | None:
    """The account (a person's or an organisation's) of that name."""
    known = session.scalar(select(Account.id).where(Account.name == name))
    return None if known is None else account_by_name(session, name)


def is_organisation(session: Session, account_id: int) -> bool:
    """True for an account that is an organisation."""
    return session.get(HubOrganisation, account_id) is not None


def add_organisation(session: Session, account_id: int) -> None:
    """Make an account an organisation."""
    session.add(HubOrganisation(account_id=account_id, created_us=now_us(session)))
    session.flush()


def set_member(session: Session, organisation_id: int, account_id: int, role: str) -> None:
    """Give an account a role in an organisation, in place of the one it had."""
    moved = update(HubMember).where(HubMember.organisation_id == organisation_id, HubMember.account_id == account_id)
    if session.execute(moved.values(role=role).returning(HubMember.role)).first() is None:
        session.add(HubMember(organisation_id=organisation_id, account_id=account_id, role=role))
        session.flush()


def remove_member(session: Session, organisation_id: int, account_id: int) -> bool:
    """End a membership; False when there was none."""
    gone = delete(HubMember).where(HubMember.organisation_id == organisation_id, HubMember.account_id == account_id)
    return session.execute(gone.returning(HubMember.role)).first() is not None


def roles_of(session: Session, account_id: int) -> dict[str, str]:
    """Organisation -> role of an account."""
    rows = session.execute(
        select(Account.name, HubMember.role)
        .join(Account, Account.id == HubMember.organisation_id)
        .where(HubMember.account_id == account_id)
        .order_by(Account.name)
    )
    return {row.name: row.role for row in rows}


def members(session: Session, organisation_id: int) -> Iterator[tuple[str, str | None, str]]:
    """(name, full name, role) of the members, by name."""
    rows = session.execute(
        select(Account.name, Account.full_name, HubMember.role)
        .join(Account, Account.id == HubMember.account_id)
        .where(HubMember.organisation_id == organisation_id)
        .order_by(Account.name)
    )
    for row in rows:
        yield row.name, row.full_name, row.role
