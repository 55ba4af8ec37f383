"""One architecture: what it is, its dense models, everything pruned from them, and how the methods compare on it."""

from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, ClassVar
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response

from registry import queries
from registry.db.session import session_scope
from registry.plots import Plot
from registry.records import ArchitectureRecord, CheckpointRecord, ModelRecord

from ..availability import Access, access
from ..board import make_board
from ..catalogue import Catalogue, Entry
from ..context import PageContext
from ..drawing import board_charts, named_rows
from ..errors import NotFoundError
from ..family_curves import family_curves, points_of
from ..suites_of import suites_of
from ..view import ALL, BoardQuery
from ..web import catalogue_of, render

router = APIRouter()


@dataclass(frozen=True)
class ModelOfIt:
    """One line of the models: replicates are one entry."""

    entry: Entry
    method: str
    access: Access
    results: int


@dataclass(frozen=True)
class BoardOfIt:
    """The network's board in one suite, over all sparsities: its address and its charts."""

    suite: str
    address: str
    charts: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ArchitectureContext(PageContext):
    """``known`` is None for a network that no plugin describes; ``checkpoint`` is that of a dense model, ``layers`` are
    its tensors (name, shape, weights, whether they may be pruned), or None where nobody handed us its bytes.
    ``dense`` are the dense models that something here was pruned from, ``more_dense`` the others.

    ``curves`` draw ``points`` (title, method, sparsity, value, ends of the interval); ``exports`` are (name, address)
    pairs of its models for programs.
    """

    template: ClassVar[str] = "architecture.html"

    name: str
    heading: str
    known: ArchitectureRecord | None
    checkpoint: CheckpointRecord | None
    layers: list[tuple[str, str, int, bool]]
    dense: list[ModelRecord]
    more_dense: list[ModelRecord]
    models: tuple[ModelOfIt, ...]
    boards: tuple[BoardOfIt, ...]
    curves: tuple[str, ...]
    points: list[tuple[str, str, float, float, float | None, float | None]]
    exports: list[tuple[str, str]]


@router.get("/architectures/{name:path}")
def show(request: Request, name: str) -> Response:
    """The page of a network's name."""
    catalogue = catalogue_of(request)
    names = {*catalogue.architectures, *(model.architecture for model in catalogue.models.values())}
    if name not in names:
        near = get_close_matches(name, names, n=3, cutoff=0.4)
        raise NotFoundError(
            f"There is no architecture {name!r}.",
            f"Perhaps {', '.join(near)}?" if near else "All architectures are listed at /architectures.",
        )
    with session_scope(request.app.state.engine) as session:
        found = (queries.checkpoint_of(session, one.id) for one in _dense(catalogue, name) if one.id is not None)
        checkpoint = next((one for one in found if one is not None), None)
    return render(request, architecture_context(catalogue, name, checkpoint))


def architecture_context(catalogue: Catalogue, name: str, checkpoint: CheckpointRecord | None) -> ArchitectureContext:
    """Everything the page shows."""
    entries = [entry for entry in catalogue.entries if entry.model.architecture == name]
    plots: tuple[Plot, ...] = family_curves(catalogue, name)
    dense = _dense(catalogue, name)
    parents = {found.name for entry in entries for one in entry.models if (found := catalogue.parent_of(one))}
    query = urlencode({"architecture": name})
    return ArchitectureContext(
        title=catalogue.architecture_title(name),
        here="architectures",
        name=name,
        heading=catalogue.architecture_title(name),
        known=catalogue.architectures.get(name),
        checkpoint=checkpoint,
        layers=[] if checkpoint is None else [_layer(layer) for layer in checkpoint.layers],
        dense=[one for one in dense if one.name in parents],
        more_dense=[one for one in dense if one.name not in parents],
        models=tuple(_line(catalogue, entry) for entry in sorted(entries, key=_order) if not entry.is_dense),
        boards=_boards(catalogue, name),
        curves=tuple(plot.svg for plot in plots),
        points=points_of(plots),
        exports=[("CSV", f"/api/v1/models.csv?{query}"), ("JSON", f"/api/v1/models?{query}")],
    )


def _dense(catalogue: Catalogue, name: str) -> list[ModelRecord]:
    return [one for one in catalogue.models.values() if one.architecture == name and one.sparsity_target == 0]


def _layer(layer: Mapping[str, Any]) -> tuple[str, str, int, bool]:
    shape = " × ".join(str(size) for size in layer.get("shape", ()))
    return layer["name"], shape, layer["elements"], layer["prunable"]


def _order(entry: Entry) -> tuple[float, str]:
    return entry.model.sparsity_target, entry.key


def _line(catalogue: Catalogue, entry: Entry) -> ModelOfIt:
    model = entry.model
    return ModelOfIt(
        entry=entry,
        method=catalogue.method_title(model),
        access=access(model, has_revision=model.name in catalogue.published),
        results=sum(len(catalogue.results_of(one.name)) for one in entry.models),
    )


def _boards(catalogue: Catalogue, name: str) -> tuple[BoardOfIt, ...]:
    suites = dict.fromkeys(
        ref
        for model in catalogue.models.values()
        if model.architecture == name and model.sparsity_target
        for ref in suites_of(catalogue, model.name)
    )
    boards = []
    for ref in suites:
        query = BoardQuery(suite=ref, architecture=name, sparsity=ALL)
        board = make_board(catalogue, query)
        boards.append(BoardOfIt(ref, query.address(), board_charts(board, named_rows(board))))
    return tuple(boards)
