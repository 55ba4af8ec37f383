"""All models, by architecture."""

from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request, Response

from ..availability import Access, access
from ..catalogue import Catalogue, Entry
from ..context import PageContext
from ..web import catalogue_of, render

router = APIRouter()


@dataclass(frozen=True, kw_only=True)
class ModelLine:
    """One line: replicates are one entry."""

    entry: Entry
    method: str
    family: str
    access: Access
    results: int


@dataclass(frozen=True, kw_only=True)
class ModelsContext(PageContext):
    """``groups`` maps an architecture's title to its models by method and sparsity, the largest group first."""

    template: ClassVar[str] = "models.html"

    groups: dict[str, list[ModelLine]]
    count: int


@router.get("/models")
def show(request: Request) -> Response:
    """The listing."""
    return render(request, models_context(catalogue_of(request)))


def models_context(catalogue: Catalogue) -> ModelsContext:
    """Every entry of the catalogue under its architecture."""
    groups: dict[str, list[ModelLine]] = {}
    for entry in catalogue.entries:
        model = entry.model
        method = catalogue.method_of(model)
        groups.setdefault(catalogue.architecture_title(model.architecture), []).append(
            ModelLine(
                entry=entry,
                method=catalogue.method_title(model),
                family=method.family if method is not None else "of its author",
                access=access(model, has_revision=model.name in catalogue.published),
                results=sum(len(catalogue.results_of(one.name)) for one in entry.models),
            )
        )
    largest_first = dict(sorted(groups.items(), key=lambda group: -len(group[1])))
    return ModelsContext(title="Models", here="models", groups=largest_first, count=len(catalogue.models))
