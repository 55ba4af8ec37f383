"""All architectures: what can be pruned here, and what was."""

from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request, Response

from registry.records import ArchitectureRecord

from ..catalogue import Catalogue
from ..context import PageContext
from ..web import catalogue_of, render

router = APIRouter()


@dataclass(frozen=True)
class ArchitectureLine:
    """A network, how many models of it there are, and by how many methods; ``known`` is None for one not recorded."""

    name: str
    title: str
    known: ArchitectureRecord | None
    models: int
    methods: int


@dataclass(frozen=True, kw_only=True)
class ArchitecturesContext(PageContext):
    """``lines`` have models, the most first; ``others`` have none yet."""

    template: ClassVar[str] = "architectures.html"

    lines: tuple[ArchitectureLine, ...]
    others: tuple[ArchitectureLine, ...]


@router.get("/architectures")
def show(request: Request) -> Response:
    """The listing."""
    return render(request, architectures_context(catalogue_of(request)))


def architectures_context(catalogue: Catalogue) -> ArchitecturesContext:
    """Every network that is recorded or that a model names."""
    names = dict.fromkeys([*catalogue.architectures, *(model.architecture for model in catalogue.models.values())])
    lines = [_line(catalogue, name) for name in names]
    return ArchitecturesContext(
        title="Architectures",
        here="architectures",
        lines=tuple(sorted((one for one in lines if one.models), key=lambda one: (-one.models, one.title.lower()))),
        others=tuple(sorted((one for one in lines if not one.models), key=lambda one: one.title.lower())),
    )


def _line(catalogue: Catalogue, name: str) -> ArchitectureLine:
    mine = [model for model in catalogue.models.values() if model.architecture == name]
    return ArchitectureLine(
        name=name,
        title=catalogue.architecture_title(name),
        known=catalogue.architectures.get(name),
        models=len(mine),
        methods=len({model.method for model in mine if model.sparsity_target}),
    )
