"""Accounts and tokens: shown once, stored as a hash, with scopes and an end."""

import hashlib

import pytest
from sqlalchemy import Engine, select

from registry import accounts
from registry.accounts import ROLE_SCOPES, Role, authenticate, create_account, issue_token, revoke_token
from registry.db.models import Token
from registry.db.session import now_us, session_scope
from registry.errors import AccessError, InvalidRecordError, UnknownRecordError


@pytest.fixture
def ada(catalogue: Engine) -> str:
    """The token of a submitter."""
    with session_scope(catalogue, write=True) as session:
        create_account(session, "ada")
        return issue_token(session, "ada", "laptop", ["submit", "hub:read"])


def test_a_token_speaks_for_its_account_within_its_scopes(catalogue: Engine, ada: str) -> None:
    with session_scope(catalogue) as session:
        access = authenticate(session, ada, "submit")
    assert (access.account, access.role, access.token) == ("ada", "submitter", "laptop")
    assert access.scopes == {"submit", "hub:read"}
    with pytest.raises(AccessError, match="does not have the scope 'hub:write'"), session_scope(catalogue) as session:
        authenticate(session, ada, "hub:write")


def test_only_the_hash_is_stored(catalogue: Engine, ada: str) -> None:
    with session_scope(catalogue) as session:
        row = session.execute(select(Token)).scalar_one()
        assert row.token_sha256 == hashlib.sha256(ada.encode()).hexdigest()
        assert ada not in str(vars(row))


def test_unknown_revoked_and_expired_tokens_look_the_same(
    catalogue: Engine, ada: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with session_scope(catalogue, write=True) as session:
        short = issue_token(session, "ada", "short", ["submit"], lifetime_seconds=10)
        authenticate(session, short, "submit")
        revoke_token(session, "ada", "laptop")
    monkeypatch.setattr(accounts, "now_us", lambda session: now_us(session) + 11_000_000)
    messages = set()
    for token in (ada, short, "prn_guessed"):
        with pytest.raises(AccessError) as error, session_scope(catalogue) as session:
            authenticate(session, token, "submit")
        messages.add(str(error.value))
    assert len(messages) == 1


@pytest.mark.parametrize("role", ROLE_SCOPES)
def test_a_role_gives_no_more_than_it_may(catalogue: Engine, role: Role) -> None:
    with session_scope(catalogue, write=True) as session:
        create_account(session, "someone", role)
        issue_token(session, "someone", "all", ROLE_SCOPES[role])
        for scope in ROLE_SCOPES["admin"] - ROLE_SCOPES[role]:
            with pytest.raises(InvalidRecordError, match=scope):
                issue_token(session, "someone", "more", [scope])
        with pytest.raises(InvalidRecordError, match="cannot have the scopes"):
            issue_token(session, "someone", "none", [])


def test_names_are_unique_and_unknown_ones_are_told(catalogue: Engine, ada: str) -> None:
    with session_scope(catalogue, write=True) as session:
        with pytest.raises(InvalidRecordError, match="already"):
            create_account(session, "ada")
        with pytest.raises(UnknownRecordError, match="Did you mean 'ada'"):
            issue_token(session, "adda", "laptop", ["submit"])
        with pytest.raises(UnknownRecordError, match="no valid token 'phone'"):
            revoke_token(session, "ada", "phone")
