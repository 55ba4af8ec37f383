"""Is everything there that the rows speak of? Read-only; the hub may go on serving."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy.orm import Session

from .git import commit_oid, lfs_entry, object_oid, tree_oids
from .hub import Hub
from .queries import damage, history, objects, repos
from .queries.history import PULLS
from .records import Commit, Repo

_CHUNK_BYTES = 2**20
_PLACES = 3


@dataclass(frozen=True)
class Damage:
    """One thing that is wrong: its kind, what it is about, and what was found."""

    kind: str
    subject: str
    detail: str


def verify(hub: Hub, *, read_bytes: bool = True) -> Iterator[Damage]:
    """Everything that is wrong with names and bytes; ``read_bytes=False`` looks at sizes only.

    Kinds: ``missing``, ``size``, ``content`` of a blob; ``object``, ``entry``, ``commit``, ``parent``, ``reference`` of
    rows. Garbage collection waits meanwhile, so that nothing is missed because it was just removed.
    """
    with hub.blobs.collecting(exclusive=False):
        with hub.reading() as session:
            every_repo = [repo for key in repos.every_repo_id(session) if (repo := repos.repo_by_id(session, key))]
            sizes = objects.every_blob(session)
            for repo in every_repo:
                yield from _rows(session, repo)
        for sha256, size in sorted(sizes.items()):
            yield from _blob(hub, sha256, size, read_bytes=read_bytes)


def _rows(session: Session, repo: Repo) -> Iterator[Damage]:
    commits = {commit.oid: commit for commit in history.every_commit(session, repo.id)}
    for commit in commits.values():
        yield from _commit(session, repo, commit)
        if commit.parent_oid is not None and commit.parent_oid not in commits:
            yield Damage("parent", _named(repo, commit.oid), f"its parent {commit.parent_oid} is not there")
    references = history.list_refs(session, repo.id)
    for ref in references:
        if ref.commit_oid not in commits:
            yield Damage("reference", _named(repo, ref.name), f"its commit {ref.commit_oid} is not there")
    if not any(ref.name == "refs/heads/main" for ref in references):
        yield Damage("reference", _named(repo, "refs/heads/main"), "there is none")
    heads = {ref.name for ref in references}
    for number in damage.pull_numbers(session, repo.id):
        if f"{PULLS}{number}" not in heads:
            yield Damage("reference", _named(repo, f"{PULLS}{number}"), "there is none")
    for sha256, path in damage.entries_without_object(session, repo.id):
        yield Damage("object", _named(repo, path), f"no row says that {sha256} was uploaded")


def _commit(session: Session, repo: Repo, commit: Commit) -> Iterator[Damage]:
    """The id of a commit is a digest of its whole tree: no row of it can change unseen."""
    entries = history.entries(session, commit.id)
    for entry in entries:
        if entry.is_lfs and entry != lfs_entry(entry.path, entry.sha256, entry.size):
            yield Damage("entry", _named(repo, commit.oid), f"{entry.path!a} has another git id than its pointer")
    root = tree_oids(entries)[""]
    expected = commit_oid(root, commit.parent_oid, commit.author, commit.at_us, commit.title, commit.message)
    if expected != commit.oid:
        yield Damage("commit", _named(repo, commit.oid), f"its files and message have the id {expected}")


def _blob(hub: Hub, sha256: str, size: int, *, read_bytes: bool) -> Iterator[Damage]:
    found = hub.blobs.size(sha256)
    if found is None:
        yield Damage("missing", sha256, _places(hub, sha256))
    elif found != size:
        yield Damage("size", sha256, f"{found} bytes instead of {size}; {_places(hub, sha256)}")
    elif read_bytes:
        yield from _content(hub, sha256)


def _content(hub: Hub, sha256: str) -> Iterator[Damage]:
    digest, content = hashlib.sha256(), b""
    with hub.blobs.path(sha256).open("rb") as file:
        while data := file.read(_CHUNK_BYTES):
            digest.update(data)
            content = data
        small = file.tell() <= _CHUNK_BYTES
    if digest.hexdigest() != sha256:
        yield Damage("content", sha256, f"the bytes have SHA-256 {digest.hexdigest()}; {_places(hub, sha256)}")
    elif small:
        with hub.reading() as session:
            wrong = damage.regular_entries_with_other_oid(session, sha256, object_oid("blob", content))
        for place in wrong:
            yield Damage("entry", place, f"another git id than the bytes of {sha256}")


def _places(hub: Hub, sha256: str) -> str:
    with hub.reading() as session:
        places = damage.places_of(session, sha256)
    if not places:
        return "uploaded, in no commit"
    more = f" and {len(places) - _PLACES} more" if len(places) > _PLACES else ""
    return f"needed by {', '.join(places[:_PLACES])}{more}"


def _named(repo: Repo, name: str) -> str:
    return f"{repo.web_path} {name}"
