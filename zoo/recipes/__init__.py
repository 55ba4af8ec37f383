"""Recipes: how each architecture is trained and pruned well, one TOML file per architecture, tuned once.

A file has the tables ``[shared]``, ``["dense parent"]`` and ``[scratch]`` (by what a method starts from) and
``[methods.<name>]``; later ones win. Their keys are fields of :class:`~zoo.train.TrainConfig`;
``[methods.<name>.config]`` holds fields of the method's own configuration. Unknown keys are errors.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib.resources import files
from typing import Any

from ..core.errors import UsageError
from ..methods import METHODS, Method
from ..train import TrainConfig

_TABLES = {"shared", "dense parent", "scratch", "methods"}


@dataclass(frozen=True)
class Recipe:
    """What a run needs besides data, target and seed."""

    train: TrainConfig
    method: Method


def load_recipe(architecture: str, method: str, **overrides: Any) -> Recipe:
    """The recipe of an architecture for a method; ``overrides`` that are not None replace fields of the training.

    Raises :class:`UsageError` where the architecture has no recipe or a key is unknown.
    """
    file = files(__name__) / f"{architecture}.toml"
    if not file.is_file():
        known = sorted(
            entry.name.removesuffix(".toml") for entry in files(__name__).iterdir() if entry.name[-5:] == ".toml"
        )
        raise UsageError(
            f"There is no recipe for the architecture {architecture!r}.", f"There are: {', '.join(known)}."
        )
    return parse_recipe(tomllib.loads(file.read_text(encoding="utf-8")), method, overrides)


def parse_recipe(document: Mapping[str, Any], method: str, overrides: Mapping[str, Any]) -> Recipe:
    """The recipe that a parsed file gives for a method."""
    if surplus := sorted(set(document) - _TABLES):
        raise UsageError(f"Unknown tables in a recipe: {', '.join(surplus)}.", f"Known: {', '.join(sorted(_TABLES))}.")
    kind = METHODS[method]
    own = dict(document.get("methods", {}).get(method, {}))
    config = own.pop("config", {})
    chosen = {name: value for name, value in overrides.items() if value is not None}
    train = {**document.get("shared", {}), **document.get(kind.facts.starts_from, {}), **own, **chosen}
    return Recipe(_made(TrainConfig, train), kind(_made(kind.config_type, config)))


def _made(kind: type[Any], values: Mapping[str, Any]) -> Any:
    known = {field.name for field in fields(kind)}
    if surplus := sorted(set(values) - known):
        raise UsageError(f"{kind.__name__} has no {', '.join(surplus)}.", f"It has: {', '.join(sorted(known))}.")
    return kind(**values)
