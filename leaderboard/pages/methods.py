"""All pruning methods, by family."""

from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request, Response

from registry.records import MethodRecord

from ..catalogue import Catalogue
from ..context import PageContext
from ..web import catalogue_of, render

router = APIRouter()


@dataclass(frozen=True, kw_only=True)
class MethodLine:
    """A method and how many models were made with it."""

    method: MethodRecord
    models: int


@dataclass(frozen=True, kw_only=True)
class MethodsContext(PageContext):
    """``groups`` maps a family to its methods."""

    template: ClassVar[str] = "methods.html"

    groups: dict[str, list[MethodLine]]


@router.get("/methods")
def show(request: Request) -> Response:
    """The listing."""
    return render(request, methods_context(catalogue_of(request)))


def methods_context(catalogue: Catalogue) -> MethodsContext:
    """Every method under its family."""
    groups: dict[str, list[MethodLine]] = {}
    for method in sorted(catalogue.methods.values(), key=lambda one: (one.family, one.title.lower())):
        models = sum(model.method == method.name for model in catalogue.models.values())
        groups.setdefault(method.family, []).append(MethodLine(method=method, models=models))
    return MethodsContext(title="Methods", here="methods", groups=groups)
