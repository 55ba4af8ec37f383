"""Seals open for their purpose and their time, and for nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from registry.hub_server import signing
from registry.hub_server.errors import ForbiddenError
from registry.hub_server.signing import Signer

SIGNER = Signer(b"key")
SEALED = SIGNER.seal("upload", {"oid": "x", "size": 5}, 10**8)


def test_claims_come_back() -> None:
    assert {key: SIGNER.unseal("upload", SEALED)[key] for key in ("oid", "size")} == {"oid": "x", "size": 5}


def test_another_purpose_or_key_opens_nothing() -> None:
    with pytest.raises(ForbiddenError):
        SIGNER.unseal("download", SEALED)
    with pytest.raises(ForbiddenError):
        Signer(b"other").unseal("upload", SEALED)


def test_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    sealed, now = SIGNER.seal("upload", {}, 60), signing.unix_seconds()
    monkeypatch.setattr(signing, "unix_seconds", lambda: now + 58)
    SIGNER.unseal("upload", sealed)
    monkeypatch.setattr(signing, "unix_seconds", lambda: now + 62)
    with pytest.raises(ForbiddenError, match="expired"):
        SIGNER.unseal("upload", sealed)


@given(position=st.integers(0, len(SEALED) - 1), character=st.characters())
def test_one_changed_character_is_noticed(position: int, character: str) -> None:
    changed = SEALED[:position] + character + SEALED[position + 1 :]
    if changed != SEALED:
        with pytest.raises(ForbiddenError):
            SIGNER.unseal("upload", changed)


def test_the_comparison_takes_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The standard library's comparison decides, not ``==``."""
    monkeypatch.setattr("hmac.compare_digest", lambda _ours, _theirs: False)
    with pytest.raises(ForbiddenError):
        SIGNER.unseal("upload", SEALED)
