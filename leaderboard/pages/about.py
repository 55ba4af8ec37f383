"""What the numbers mean and how they came about."""

from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request, Response

from registry.records import MetricRecord, ProtocolRecord, SuiteRecord

from ..context import PageContext
from ..sides import OWN_COLUMNS, FactColumn
from ..web import catalogue_of, render

router = APIRouter()


@dataclass(frozen=True, kw_only=True)
class AboutContext(PageContext):
    """Protocols, metrics and suites of the catalogue, what models state, where published numbers come from."""

    template: ClassVar[str] = "about.html"

    protocols: list[tuple[str, ProtocolRecord]]
    metrics: list[tuple[str, MetricRecord]]
    suites: list[tuple[str, SuiteRecord]]
    sources: list[str]
    columns: tuple[FactColumn, ...]
    version: str


@router.get("/about")
def show(request: Request) -> Response:
    """The page."""
    catalogue = catalogue_of(request)
    sources = sorted({result.source for result in catalogue.results if result.trust == "reported" and result.source})
    return render(
        request,
        AboutContext(
            title="About",
            here="about",
            protocols=list(catalogue.protocols.items()),
            metrics=list(catalogue.metrics.items()),
            suites=list(catalogue.suites.items()),
            sources=sources,
            columns=OWN_COLUMNS,
            version=catalogue.version,
        ),
    )
