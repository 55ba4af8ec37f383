"""Models under /api/v1: the answers of the catalogue's query language."""

import csv
import io
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from registry.records import ModelPage, ModelRow
from registry.search import query_of
from registry.sources import LocalSource

from .answers import model_answer
from .paging import Limit, Offset, next_address
from .schemas import FoundModel, ModelAnswer, ModelList
from .web import respond

router = APIRouter(prefix="/api/v1")

_MOST_LINES = 100_000

Text = Annotated[str, Query(description="A query such as: resnet50 sparsity>=0.9 bytes<10MB sort=-imagenet.top1")]
Method = Annotated[str | None, Query(description="Short for method=… in the query.")]
Architecture = Annotated[str | None, Query(description="Short for architecture=… in the query.")]


@router.get("/models", response_model=ModelList)
def models(
    request: Request,
    q: Text = "",
    method: Method = None,
    architecture: Architecture = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> Response:
    """Models that fit a query, in its order (else by architecture, method, sparsity), with the values it asks for."""
    page = _found(request, q, method, architecture, limit, offset)
    answer = ModelList(
        total=page.total,
        next=next_address(request, offset + limit, page.total),
        models=[found_model(row) for row in page.rows],
        metrics=dict(page.metrics),
        notes=list(page.notes),
    )
    return respond(request, answer.model_dump_json().encode(), "application/json")


@router.get("/models.csv")
def models_as_csv(request: Request, q: Text = "", method: Method = None, architecture: Architecture = None) -> Response:
    """The same models as CSV, one line each."""
    page = _found(request, q, method, architecture, _MOST_LINES, 0)
    return respond(request, models_csv(page), "text/csv; charset=utf-8", filename="models.csv")


def found_model(row: ModelRow) -> FoundModel:
    """A found model for programs."""
    return FoundModel(**model_answer(row.model).model_dump(), values=dict(row.values))


def models_csv(page: ModelPage) -> bytes:
    """One line per model: its facts, then the values that the query asks for, under the names that it uses."""
    asked = list(
        dict.fromkeys(name for row in page.rows for name in row.values if name not in ModelAnswer.model_fields)
    )
    text = io.StringIO()
    writer = csv.DictWriter(text, [*ModelAnswer.model_fields, *asked], lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for row in page.rows:
        writer.writerow(model_answer(row.model).model_dump() | dict(row.values))
    return text.getvalue().encode()


def _found(
    request: Request, text: str, method: str | None, architecture: str | None, limit: int, offset: int
) -> ModelPage:
    query = query_of(text, method=method, architecture=architecture)
    return LocalSource(request.app.state.engine, only_shown=True).models(query.text, limit=limit, offset=offset)
