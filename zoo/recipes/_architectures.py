"""Our own settings for architectures, for every method: one TOML file, which an architecture names as its ``recipe``.

A file has the tables ``[shared]``, ``["dense parent"]`` and ``[scratch]`` (by what a method starts from) and
``[methods.<name>]``; later ones win. Their keys are fields of :class:`~zoo.train.TrainConfig`;
``[methods.<name>.config]`` holds fields of the method's own configuration. Unknown keys are errors.
"""

import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from ..architectures import ARCHITECTURES
from ..core.errors import UsageError
from ..methods import METHODS
from ._recipe import Recipe, make_recipe

_TABLES = {"shared", "dense parent", "scratch", "methods"}


def load_recipe(architecture: str, method: str, **overrides: Any) -> Recipe:
    """The recipe of an architecture for a method; ``overrides`` that are not None replace fields of the training.

    Another number of ``epochs`` stretches its schedule. Raises :class:`UsageError` for an unknown architecture or key.
    """
    file = f"{ARCHITECTURES[architecture].recipe}.toml"
    document = tomllib.loads((files(__package__) / file).read_text(encoding="utf-8"))
    return parse_recipe(document, method, overrides, f"recipe {file}")


def parse_recipe(
    document: Mapping[str, Any], method: str, overrides: Mapping[str, Any], where: str = "recipe"
) -> Recipe:
    """The recipe that a parsed file gives for a method."""
    if surplus := sorted(set(document) - _TABLES):
        raise UsageError(f"Unknown tables in a recipe: {', '.join(surplus)}.", f"Known: {', '.join(sorted(_TABLES))}.")
    own = dict(document.get("methods", {}).get(method, {}))
    config = own.pop("config", {})
    start = METHODS[method].facts.starts_from
    train = {**document.get("shared", {}), **document.get(start, {}), **own}
    return make_recipe(method, train, config, where, overrides)
