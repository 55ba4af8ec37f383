"""What papers ran: one TOML file in ``published/`` for each method, architecture and variant.

The keys of a file are those of :class:`_File`. ``[train]`` holds fields of :class:`~zoo.train.TrainConfig`,
``[config]`` of the method's configuration; ``[targets."0.90"]`` says what was reported at a sparsity and may have
``train`` and ``config`` of its own, which win. Each target is a recipe, called after the file and the sparsity in
percent: ``rigl-resnet50-erk`` gives ``rigl-resnet50-erk-90``; a dense one has the file's name alone.
"""

import tomllib
from dataclasses import dataclass, field
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

from ..checkpoint.strict import decode
from ..core.errors import UsageError
from ._recipe import Recipe, make_recipe


@dataclass(frozen=True, kw_only=True)
class _Target:
    """What was reported at one sparsity: ``top1`` is a fraction, None where the source gives no number."""

    top1: float | None = None
    train: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class _File:
    title: str
    method: str
    architecture: str
    source: str  # paper and table
    code: str  # repository, commit and file that the numbers were read in
    notes: str  # what differs from the source, and what it does not say
    targets: dict[str, _Target]
    train: dict[str, Any]
    config: dict[str, Any] = field(default_factory=dict)
    data: str = "imagenet"
    from_scratch: bool = False  # the source prunes in its first training, where the method starts from a dense parent
    variant: str | None = None  # in the slugs of its models, where an architecture has several


@dataclass(frozen=True)
class Published:
    """One run that a paper reports. ``target`` is a sparsity; ``top1`` the reported fraction or None."""

    name: str
    title: str
    method: str
    architecture: str
    data: str
    target: float
    variant: str | None
    top1: float | None
    source: str
    code: str
    notes: str
    train: dict[str, Any]
    config: dict[str, Any]
    from_scratch: bool

    def resolve(self, **overrides: Any) -> Recipe:
        """The recipe; ``overrides`` that are not None replace fields of the training, ``epochs`` stretches it."""
        return make_recipe(self.method, self.train, self.config, self.name, overrides, from_scratch=self.from_scratch)


def published(name: str) -> Published:
    """The published recipe of this name; raises :class:`UsageError` that suggests the nearest one."""
    recipes = _all()
    if name not in recipes:
        near = get_close_matches(name, recipes, n=1, cutoff=0.5)
        raise UsageError(
            f"There is no recipe {name!r}.",
            f"Did you mean {near[0]!r}? All of them: prunarium zoo recipes" if near else "See: prunarium zoo recipes",
        )
    return recipes[name]


def published_names() -> list[str]:
    """Names of the published recipes, in alphabetical order."""
    return sorted(_all())


def parse_published(stem: str, text: str) -> list[Published]:
    """The recipes of a file; raises :class:`~zoo.checkpoint.errors.ConfigError` for unknown or missing keys."""
    document = decode(_File, tomllib.loads(text), f"recipe {stem}")
    return [_published(stem, document, sparsity, target) for sparsity, target in document.targets.items()]


def _published(stem: str, document: _File, sparsity: str, target: _Target) -> Published:
    return Published(
        name=stem if document.method == "dense" else f"{stem}-{round(100 * float(sparsity))}",
        title=document.title,
        method=document.method,
        architecture=document.architecture,
        data=document.data,
        target=float(sparsity),
        variant=document.variant,
        top1=target.top1,
        source=document.source,
        code=document.code,
        notes=document.notes,
        train={**document.train, **target.train},
        config={**document.config, **target.config},
        from_scratch=document.from_scratch,
    )


@cache
def _all() -> dict[str, Published]:
    folder = files(__package__) / "published"
    found = [
        recipe
        for entry in sorted(folder.iterdir(), key=lambda entry: entry.name)
        if entry.name.endswith(".toml")
        for recipe in parse_published(entry.name.removesuffix(".toml"), entry.read_text(encoding="utf-8"))
    ]
    return {recipe.name: recipe for recipe in found}
