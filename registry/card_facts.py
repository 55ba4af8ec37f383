"""What the catalogue adds to a card: results, the parent, the terms of the data, and the files it knows already."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

from sqlalchemy.orm import Session

from zoo.checkpoint.config import Provenance
from zoo.checkpoint.passport import Passport
from zoo.checkpoint.slug import parse_slug

from . import queries
from .cards import DataTerms, Parent
from .cards.licences import KNOWN_TERMS
from .headlines import Plugins, headlines
from .records import ResultRecord, TaskRecord
from .report import Report, make_report


class FromCatalogue(NamedTuple):
    """``files`` maps file names to every SHA-256 that was recorded for this checkpoint; empty for a new one."""

    report: Report
    parent: Parent | None
    data: DataTerms | None
    files: Mapping[str, Collection[str]]


def from_catalogue(session: Session, provenance: Provenance, passport: Passport, namespace: str) -> FromCatalogue:
    """All of it, in one transaction; ``namespace`` is where a parent that the catalogue does not place would be."""
    tasks = queries.list_tasks(session)
    plugins = Plugins(
        tasks={f"{row.name}@{row.version}": row for row in tasks},
        protocols={f"{row.name}@{row.version}": row for row in queries.list_protocols(session)},
        metrics={f"{row.name}@{row.version}": row for row in queries.list_metrics(session)},
    )
    ids = _checkpoints(session, passport)
    found = _results(session, provenance.slug, ids)
    report = make_report(provenance.slug, passport, found, headlines(found, plugins))
    return FromCatalogue(
        report, _parent(session, provenance, namespace), _data(tasks, provenance), _files(session, ids)
    )


def _checkpoints(session: Session, passport: Passport) -> list[int]:
    wanted = (passport.architecture, passport.preprocessing_hash)
    found = queries.find_checkpoint(session, passport.densified_hash)
    return [row.id for row in found if row.id is not None and (row.architecture, row.preprocessing_hash) == wanted]


def _results(session: Session, slug: str, ids: list[int]) -> list[ResultRecord]:
    """Current results of these weights, and what others reported of the model; nothing of its former weights."""
    if queries.get_model(session, slug) is None:
        return []
    rows = queries.results(session, model=slug, history=True)
    return [
        row for row in rows if row.superseded_by is None and (row.checkpoint_id is None or row.checkpoint_id in ids)
    ]


def _files(session: Session, ids: list[int]) -> dict[str, set[str]]:
    files: dict[str, set[str]] = {}
    for number in ids:
        for row in queries.revisions_of(session, number):
            files.setdefault(row.file_name, set()).add(row.file_sha256)
    return files


def _parent(session: Session, provenance: Provenance, namespace: str) -> Parent | None:
    if provenance.parent is None:
        return None
    model = queries.get_model(session, provenance.parent)
    method = queries.get_method(session, provenance.method)
    start = method.facts.get("starts_from") if method is not None else None
    return Parent(
        slug=provenance.parent,
        hub_id=(model.hub_id if model is not None else None)
        or f"{namespace}/{parse_slug(provenance.parent).repo_name}",
        licence=model.licence if model is not None else None,
        is_start=None if start is None else start == "dense parent",
    )


def _data(tasks: list[TaskRecord], provenance: Provenance) -> DataTerms | None:
    for task in tasks:
        data = task.manifest.get("data")
        if task.kind == "upstream" and isinstance(data, Mapping) and data.get("spec") == provenance.data:
            hub = data.get("hub")
            return DataTerms(
                title=task.title,
                licence=task.licence,
                citation=task.citation,
                hub_id=hub.get("id") if isinstance(hub, Mapping) else None,
            )
    return KNOWN_TERMS.get(provenance.data.partition(":")[0])
