"""Repositories: rows of ``hub_repo``."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

from sqlalchemy import ColumnElement, delete, func, or_, select, tuple_, update
from sqlalchemy.orm import Session

from ...db.hub_tables import HubRepo
from ...db.session import now_us
from ..records import Repo


class Search(NamedTuple):
    """What a listing looks for; private repositories show in the namespaces ``seen`` only."""

    kind: str
    seen: Collection[str] = ()
    author: str | None = None
    text: str | None = None
    gated: bool | None = None
    by_creation: bool = False


def get_repo(session: Session, kind: str, namespace: str, name: str) -> Repo | None:
    """The repository by its full name."""
    row = session.scalar(
        select(HubRepo).where(HubRepo.kind == kind, HubRepo.namespace == namespace, HubRepo.name == name)
    )
    return None if row is None else _repo(row)


def repo_by_id(session: Session, repo_id: int) -> Repo | None:
    """The repository by its row."""
    row = session.get(HubRepo, repo_id)
    return None if row is None else _repo(row)


def lock_repo(session: Session, repo_id: int) -> bool:
    """Make other writers of this repository wait (SQLite's write transactions do so anyway); False if it is gone."""
    return session.scalar(select(HubRepo.id).where(HubRepo.id == repo_id).with_for_update()) is not None


def add_repo(session: Session, kind: str, namespace: str, name: str, creator: str, *, private: bool) -> Repo:
    """A new repository; the caller has made sure that the name is free."""
    now = now_us(session)
    row = HubRepo(
        kind=kind, namespace=namespace, name=name, private=private, creator=creator, created_us=now,
        updated_us=now,
    )  # fmt: skip
    session.add(row)
    session.flush()
    return _repo(row)


def remove_repo(session: Session, repo_id: int) -> None:
    """Forget a repository with its history; blobs stay until they are collected."""
    session.execute(delete(HubRepo).where(HubRepo.id == repo_id))


def rename_repo(session: Session, repo_id: int, namespace: str, name: str) -> None:
    """Give a repository another full name."""
    session.execute(update(HubRepo).where(HubRepo.id == repo_id).values(namespace=namespace, name=name))


def set_private(session: Session, repo_id: int, *, private: bool) -> None:
    """Show a repository to everybody or to its namespace alone."""
    session.execute(update(HubRepo).where(HubRepo.id == repo_id).values(private=private))


def set_gate(session: Session, repo_id: int, gate: str | None) -> None:
    """Open the content to everybody (None), or say how requests for it are answered."""
    session.execute(update(HubRepo).where(HubRepo.id == repo_id).values(gate=gate))


def repos_of(session: Session, namespace: str) -> list[Repo]:
    """Every repository of a namespace, by kind and name."""
    rows = session.scalars(select(HubRepo).where(HubRepo.namespace == namespace))
    return sorted(map(_repo, rows), key=lambda repo: (repo.kind, repo.name))


def every_repo_id(session: Session) -> list[int]:
    """The rows of all repositories."""
    return list(session.scalars(select(HubRepo.id).order_by(HubRepo.id)))


def touch_repo(session: Session, repo_id: int, at_us: int) -> None:
    """Note when the content changed last."""
    session.execute(update(HubRepo).where(HubRepo.id == repo_id).values(updated_us=at_us))


def search_repos(session: Session, search: Search, after: tuple[int, int] | None, batch: int) -> Iterator[Repo]:
    """Newest first, those behind the key ``after`` = (microseconds, id); fetched ``batch`` rows at a time."""
    time = HubRepo.created_us if search.by_creation else HubRepo.updated_us
    query = select(HubRepo).where(*_conditions(search)).order_by(time.desc(), HubRepo.id.desc()).limit(batch)
    while True:
        page = query if after is None else query.where(tuple_(time, HubRepo.id) < tuple_(*after))
        rows = session.scalars(page).all()
        yield from map(_repo, rows)
        if len(rows) < batch:
            return
        last = rows[-1]
        after = (last.created_us if search.by_creation else last.updated_us, last.id)


def _conditions(search: Search) -> Iterator[ColumnElement[bool]]:
    yield HubRepo.kind == search.kind
    yield or_(HubRepo.private.is_(False), HubRepo.namespace.in_(search.seen))
    if search.author is not None:
        yield HubRepo.namespace == search.author
    if search.gated is not None:
        yield HubRepo.gate.is_not(None) if search.gated else HubRepo.gate.is_(None)
    if search.text:
        full_name = func.lower(HubRepo.namespace + "/" + HubRepo.name)
        yield full_name.contains(search.text.lower(), autoescape=True)


def _repo(row: HubRepo) -> Repo:
    return Repo(
        row.id, row.kind, row.namespace, row.name, row.private, row.gate, row.creator, row.created_us, row.updated_us
    )
