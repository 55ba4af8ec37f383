"""What a run needs besides data, target and seed."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

from ..checkpoint.strict import decode
from ..core.errors import UsageError
from ..methods import METHODS, Method
from ..train import TrainConfig

T = TypeVar("T")


@dataclass(frozen=True)
class Recipe:
    """How to train, and the method with its configuration."""

    train: TrainConfig
    method: Method


def make_recipe(method: str, train: Mapping[str, Any], config: Mapping[str, Any], where: str) -> Recipe:
    """A recipe from the tables of a file; raises :class:`UsageError` for unknown keys and impossible values."""
    kind = METHODS[method]
    return Recipe(_made(TrainConfig, train, where), kind(_made(kind.config_type, config, where)))


def chosen(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """Those that are set."""
    return {name: value for name, value in overrides.items() if value is not None}


def _made(kind: type[T], values: Mapping[str, Any], where: str) -> T:
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    if surplus := sorted(set(values) - known):
        raise UsageError(
            f"{where}: {kind.__name__} has no {', '.join(surplus)}.", f"It has: {', '.join(sorted(known))}."
        )
    return decode(kind, dict(values), where)
