"""Verification finds damage that was planted, names who is hurt, and finds nothing where nothing is."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hub_folders import WEIGHTS, copied_hub, filled_hub, opened
from hub_requests import commit, inline, ndjson, sha256
from raw_http import RawClient
from sqlalchemy import text

from registry.db.session import session_scope
from registry.hub_server.embedded import EmbeddedHub
from registry.hub_server.verifying import Damage, verify

Filled = tuple[EmbeddedHub, RawClient, Path]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three commits, a branch, a tag and a pull request."""
    folder = tmp_path_factory.mktemp("template")
    with filled_hub(folder) as (_, raw):
        commit(raw, "alice/m", inline("README.md", b"---\nlicense: mit\n---\n"), summary="Card")
        raw("POST", "/api/models/alice/m/tag/main", {"tag": "v1"})
        raw("POST", "/api/models/alice/m/branch/dev%2Fx", {})
        raw("POST", "/api/models/alice/m/commit/main?create_pr=1", ndjson(inline("new.txt")))
    return folder


@pytest.fixture
def filled(template: Path, tmp_path: Path) -> Iterator[Filled]:
    """A copy of it, to be damaged."""
    with copied_hub(template, tmp_path) as (hub, raw):
        yield hub, raw, tmp_path


def found(filled: Filled, *, read_bytes: bool = True) -> list[Damage]:
    return list(verify(opened(filled[0], filled[2]), read_bytes=read_bytes))


def test_a_sound_hub(filled: Filled) -> None:
    assert found(filled) == []


def _blob(folder: Path, content: bytes = WEIGHTS) -> Path:
    oid = sha256(content)
    path = folder / "store" / "blobs" / oid[:2] / oid
    path.chmod(0o644)
    return path


def _flip(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 1
    path.write_bytes(data)


BYTES: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (Path.unlink, "missing"),
    "cut off": (lambda path: path.write_bytes(path.read_bytes()[:-1]), "size"),
    "empty": (lambda path: path.write_bytes(b""), "size"),
    "longer": (lambda path: path.write_bytes(path.read_bytes() + b"x"), "size"),
    "one bit": (_flip, "content"),
}


@pytest.mark.parametrize("content", [WEIGHTS, b"first"], ids=["large", "small"])
@pytest.mark.parametrize("planted", BYTES)
def test_damaged_bytes(filled: Filled, planted: str, content: bytes) -> None:
    act, kind = BYTES[planted]
    act(_blob(filled[2], content))
    (damage,) = found(filled)
    assert (damage.kind, damage.subject) == (kind, sha256(content))
    assert ("alice/m w.bin" if content == WEIGHTS else "alice/m note.txt") in damage.detail
    assert len(found(filled, read_bytes=False)) == (kind != "content")


ROWS = {
    "a commit without its parent": ("delete from hub_commit where title = 'initial commit'", {"parent"}),
    "a changed title": ("update hub_commit set title = 'other' where title = 'Card'", {"commit"}),
    "a changed author": ("update hub_commit set author = 'mallory' where title = 'Card'", {"commit"}),
    "a changed time": ("update hub_commit set at_us = at_us + 2000000 where title = 'Card'", {"commit"}),
    "a lost file": ("delete from hub_entry where path = 'README.md'", {"commit"}),
    "an added file": (
        """insert into hub_entry (commit_id, path, sha256, git_oid, size_bytes, is_lfs)
        select commit_id, 'evil.txt', sha256, git_oid, size_bytes, is_lfs from hub_entry where path = 'README.md'""",
        {"commit"},
    ),
    "a renamed file": ("update hub_entry set path = 'w2.bin' where path = 'w.bin'", {"commit"}),
    "other bytes, the same git id": (
        """update hub_entry set sha256 = (select sha256 from hub_entry where path = 'note.txt'), size_bytes = 5
        where path = 'README.md'""",
        {"entry"},
    ),
    "an object of another size": ("update hub_entry set size_bytes = 1 where path = 'w.bin'", {"entry", "size"}),
    "a branch to nowhere": (
        "update hub_ref set commit_oid = '0000000000000000000000000000000000000000' where name = 'refs/heads/dev/x'",
        {"reference"},
    ),
    "no main": ("delete from hub_ref where name = 'refs/heads/main'", {"reference"}),
    "a pull request without head": ("delete from hub_ref where name = 'refs/pr/1'", {"reference"}),
    "an upload without row": ("delete from hub_object", {"object"}),
}


@pytest.mark.parametrize("planted", ROWS)
def test_damaged_rows(filled: Filled, planted: str) -> None:
    statement, kinds = ROWS[planted]
    with session_scope(filled[0].engine, write=True) as session:
        session.execute(text(statement))
    assert {damage.kind for damage in found(filled)} == kinds


def test_uploading_again_heals(filled: Filled) -> None:
    from hub_requests import batch, upload

    _flip(_blob(filled[2]))
    assert found(filled)
    _blob(filled[2]).unlink()
    assert "actions" in batch(filled[1], "alice/m", (sha256(WEIGHTS), len(WEIGHTS))).json["objects"][0]
    upload(filled[1], "alice/m", WEIGHTS)
    assert found(filled) == []
