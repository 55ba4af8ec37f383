"""Our own settings for an architecture: one TOML file for each, for every method.

A file has the tables ``[shared]``, ``["dense parent"]`` and ``[scratch]`` (by what a method starts from) and
``[methods.<name>]``; later ones win. Their keys are fields of :class:`~zoo.train.TrainConfig`;
``[methods.<name>.config]`` holds fields of the method's own configuration. Unknown keys are errors.
"""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from ..core.errors import UsageError
from ..methods import METHODS
from ._recipe import Recipe, chosen, make_recipe

_TABLES = {"shared", "dense parent", "scratch", "methods"}


def load_recipe(architecture: str, method: str, **overrides: Any) -> Recipe:
    """The recipe of an architecture for a method; ``overrides`` that are not None replace fields of the training.

    Raises :class:`UsageError` where the architecture has no recipe or a key is unknown.
    """
    folder = files(__package__)
    file = folder / f"{architecture}.toml"
    if not file.is_file():
        known = sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name[-5:] == ".toml")
        raise UsageError(
            f"There is no recipe for the architecture {architecture!r}.",
            f"There are: {', '.join(known)}. Published ones: prunarium zoo recipes",
        )
    return parse_recipe(tomllib.loads(file.read_text(encoding="utf-8")), method, overrides, architecture)


def parse_recipe(
    document: Mapping[str, Any], method: str, overrides: Mapping[str, Any], where: str = "recipe"
) -> Recipe:
    """The recipe that a parsed file gives for a method."""
    if surplus := sorted(set(document) - _TABLES):
        raise UsageError(f"Unknown tables in a recipe: {', '.join(surplus)}.", f"Known: {', '.join(sorted(_TABLES))}.")
    own = dict(document.get("methods", {}).get(method, {}))
    config = own.pop("config", {})
    start = METHODS[method].facts.starts_from
    train = {**document.get("shared", {}), **document.get(start, {}), **own, **chosen(overrides)}
    return make_recipe(method, train, config, where)
