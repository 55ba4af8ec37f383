"""Effective robustness under /api/v1: what the page shows, by the same query, all models at once."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response

from .catalogue import Catalogue
from .errors import NotFoundError
from .robustness import Robustness, robustness_on
from .robustness_files import address_of, robustness_answer, robustness_file
from .schemas import RobustnessAnswer
from .table_files import FORMATS
from .web import catalogue_of, respond, safe_name

router = APIRouter(prefix="/api/v1")

Shift = Annotated[str | None, Query(description="A shifted set as name@version; else that of the most pruned models.")]


@router.get("/robustness", response_model=RobustnessAnswer)
def robustness(request: Request, shift: Shift = None) -> Response:
    """Accuracy with and without one shift, and what exceeds the line of ordinary models, in fractions."""
    catalogue, found = _asked(request, shift)
    return respond(request, robustness_answer(found, catalogue.version).model_dump_json().encode(), "application/json")


@router.get("/robustness.{ending}")
def robustness_as_file(
    request: Request,
    ending: Annotated[Literal["csv", "parquet", "tex", "bib"], Path(description="The kind of file.")],
    shift: Shift = None,
) -> Response:
    """The same models as CSV or Parquet, as a LaTeX table, or as BibTeX."""
    catalogue, found = _asked(request, shift)
    address = str(request.base_url).rstrip("/") + address_of("/robustness", found.chosen.ref)
    content = robustness_file(catalogue, found, ending, address)
    return respond(request, content, FORMATS[ending], filename=f"{safe_name(found.chosen.ref)}.{ending}")


def _asked(request: Request, shift: str | None) -> tuple[Catalogue, Robustness]:
    catalogue = catalogue_of(request)
    found = robustness_on(catalogue, shift)
    if found is None:
        raise NotFoundError("The catalogue has no shifted set.", "prunarium benchmark sync")
    return catalogue, found
