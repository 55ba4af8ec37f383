"""What one run of the evidence is, and which ones there must be: every registered method, found by itself."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

from zoo.core.canonical import config_hash, non_default_fields
from zoo.methods import METHODS
from zoo.recipes import Recipe, parse_recipe

FOLDER = Path(__file__).parent
DIGITS, IMAGENET_SIZE, EQUAL_BUDGET = "digits", "imagenet-size", "equal-budget"
ARCHITECTURES = ("lenet-300-100-digits", "resnet8-digits")
TARGETS = (0.80, 0.90, 0.95, 0.98)
SEEDS = (0, 1, 2)
PATTERNS = {"2:4": 0.50, "channel": 0.50}
"""Looked at besides no pattern, with their sparsity, for some methods."""
IN_PATTERNS = ("random", "magnitude", "gmp", "snip", "block-fisher")


@dataclass(frozen=True)
class RunKey:
    """``kind``: :data:`DIGITS` (trained and tested), :data:`EQUAL_BUDGET` (so too, a few methods from the same parents
    with the same schedule) or :data:`IMAGENET_SIZE` (twenty steps, for time and memory)."""

    kind: str
    architecture: str
    method: str
    target: float
    seed: int
    pattern: str = "unstructured"

    @property
    def recipe(self) -> Recipe:
        """The settings, from the file of the kind."""
        return parse_recipe(_document(self.kind), self.method, {"seed": self.seed})

    @property
    def parent(self) -> "RunKey":
        """The dense network that pruning starts from."""
        kind = DIGITS if self.kind == EQUAL_BUDGET else self.kind
        return RunKey(kind, self.architecture, "dense", 0.0, self.seed)

    @property
    def settings(self) -> Mapping[str, Any]:
        """All that decides the outcome besides the code."""
        recipe = self.recipe
        parent = non_default_fields(self.parent.recipe.train)
        return {
            "train": non_default_fields(recipe.train),
            "config": non_default_fields(recipe.method.config),
            "parent": parent if METHODS[self.method].facts.starts_from == "dense parent" else None,
        }

    @property
    def id(self) -> str:
        """Under which an answer is stored: other settings are another run."""
        run = asdict(self)
        if self.pattern == "unstructured":  # as before there were patterns
            del run["pattern"]
        return config_hash("evidence 1", {**run, "settings": dict(self.settings)})[:16]


@cache
def _file(kind: str) -> Mapping[str, Any]:
    return tomllib.loads((FOLDER / f"{kind.replace('-', '_')}.toml").read_text(encoding="utf-8"))


def _document(kind: str) -> Mapping[str, Any]:
    return {name: table for name, table in _file(kind).items() if name != "left_out"}


def left_out(kind: str) -> Mapping[str, str]:
    """Methods that are not run there, and why."""
    reasons: Mapping[str, str] = _file(kind).get("left_out", {})
    return reasons


def planned() -> Iterator[RunKey]:
    """Every run of the page, what is cheap first."""
    names = [name for name in METHODS if name != "dense" and name not in left_out(DIGITS)]
    for architecture in ARCHITECTURES[:1]:
        yield from _on_digits(architecture, names)
    for name in ["dense", *(name for name in METHODS if name != "dense")]:
        if name in left_out(IMAGENET_SIZE):
            continue
        yield RunKey(IMAGENET_SIZE, "resnet50", name, 0.0 if name == "dense" else 0.90, 0)
    for architecture in ARCHITECTURES[1:]:
        yield from _on_digits(architecture, names)
    for architecture, seed, target, name in product(ARCHITECTURES, SEEDS, TARGETS, compared()):
        yield RunKey(EQUAL_BUDGET, architecture, name, target, seed)


def compared() -> list[str]:
    """The methods of the table of equal budgets, the baseline first."""
    return list(_file(EQUAL_BUDGET)["methods"])


def _on_digits(architecture: str, names: list[str]) -> Iterator[RunKey]:
    for seed in SEEDS:
        yield RunKey(DIGITS, architecture, "dense", 0.0, seed)
        for target in TARGETS:
            for name in names:
                yield RunKey(DIGITS, architecture, name, target, seed)
        for pattern, target in PATTERNS.items():
            for name in IN_PATTERNS:
                yield RunKey(DIGITS, architecture, name, target, seed, pattern)
