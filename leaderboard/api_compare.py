"""The comparison under /api/v1: what the page shows, by the same query."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from .asked import comparison_of
from .catalogue import Catalogue
from .compare_answers import compare_answer, comparison_file
from .compare_query import FEWEST, MOST, CompareQuery
from .comparing import Comparison
from .errors import BadViewError
from .schemas import CompareAnswer
from .table_files import FORMATS
from .web import catalogue_of, respond

router = APIRouter(prefix="/api/v1")

Models = Annotated[list[str], Query(description=f"Slugs or Hub ids, {FEWEST} to {MOST} of them.")]
Against = Annotated[str | None, Query(description="The one that the others are held against; else the dense one.")]


@router.get("/compare", response_model=CompareAnswer)
def compare(request: Request, models: Models, against: Against = None) -> Response:
    """Models side by side: facts, values, paired differences, and means over the tasks that all were measured on."""
    catalogue, _, found = _asked(request, models, against)
    return respond(request, compare_answer(found, catalogue.version).model_dump_json().encode(), "application/json")


@router.get("/compare.{ending}")
def compare_as_file(
    request: Request,
    ending: Annotated[Literal["csv", "parquet", "tex", "bib"], Path(description="The kind of file.")],
    models: Models,
    against: Against = None,
) -> Response:
    """The same values as CSV or Parquet (one line per model and value), as a LaTeX table, or as BibTeX."""
    catalogue, query, found = _asked(request, models, against)
    address = str(request.base_url).rstrip("/") + query.address()
    content = comparison_file(catalogue, found, ending, address)
    return respond(request, content, FORMATS[ending], filename=f"compare.{ending}")


def _asked(request: Request, models: list[str], against: str | None) -> tuple[Catalogue, CompareQuery, Comparison]:
    pairs = [("models", one) for one in models]
    query = CompareQuery.parse([*pairs, *([("against", against)] if against else [])])
    catalogue = catalogue_of(request)
    found = comparison_of(request.app.state.engine, catalogue, query)
    if found is None:
        raise BadViewError("A comparison takes two to five models.", "models=dense/resnet50/0.00&models=...")
    return catalogue, query, found
