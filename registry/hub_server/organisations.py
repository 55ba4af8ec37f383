"""Make organisations and their members: what ``prunarium hub org`` does."""

from sqlalchemy import Engine

from .. import accounts
from ..db.session import session_scope
from ..errors import InvalidRecordError, UnknownRecordError
from .errors import HubServeError
from .names import account_name
from .queries import people
from .serving import clear_names

ROLES = ("read", "contributor", "write", "admin")


def ensure_organisation(engine: Engine, name: str) -> bool:
    """Make an organisation; False when it exists.

    Raises :class:`HubServeError` for a name that no account may have or that a person has.
    """
    with clear_names(), session_scope(engine, write=True) as session:
        known = people.find_account(session, account_name(name))
        if known is None:
            people.add_organisation(session, accounts.create_account(session, name))
            return True
        if not people.is_organisation(session, known.id):
            raise HubServeError(f"{name} is the account of a person.", "Choose another name.")
        return False


def set_role(engine: Engine, organisation: str, member: str, role: str | None) -> None:
    """Make an account a member with a role (see :data:`ROLES`), or (None) end its membership.

    Raises :class:`UnknownRecordError` for names that are not there and :class:`InvalidRecordError` for the role.
    """
    if role is not None and role not in ROLES:
        raise InvalidRecordError(f"There is no role {role!r}.", f"Choose from: {', '.join(ROLES)}.")
    with session_scope(engine, write=True) as session:
        owner, account = people.find_account(session, organisation), people.find_account(session, member)
        if owner is None or not people.is_organisation(session, owner.id):
            raise UnknownRecordError(f"There is no organisation {organisation!r}.", f"prunarium hub org {organisation}")
        if account is None or people.is_organisation(session, account.id):
            raise UnknownRecordError(f"There is no account {member!r}.", f"Make it: prunarium hub user {member}")
        if role is not None:
            people.set_member(session, owner.id, account.id, role)
        elif not people.remove_member(session, owner.id, account.id):
            raise UnknownRecordError(f"{member} is no member of {organisation}.")


def list_members(engine: Engine, organisation: str) -> list[tuple[str, str]]:
    """(account, role) of the members, by name."""
    with session_scope(engine) as session:
        owner = people.find_account(session, organisation)
        return [] if owner is None else [(name, role) for name, _, role in people.members(session, owner.id)]
