"""Suites: versioned lists of cells (a task by a protocol), kept in ``suites.toml`` beside this file.

A mean is shown over a complete suite only; adding a cell makes a new version. Suites of published numbers, which nobody
can run, are not here but in :mod:`registry.reported`.
"""

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.resources import files
from typing import Any

from zoo.core.errors import PrunariumError, UsageError

from .tasks import Task


class SuiteFileError(PrunariumError):
    """``suites.toml`` does not say what a suite must say."""


@dataclass(frozen=True)
class Cell:
    """One task by one protocol, both as ``name@version``, with the seeds of protocols that use any."""

    task: str
    protocol: str
    seeds: tuple[int, ...] = (0,)


@dataclass(frozen=True)
class Suite:
    """A list of cells in the order in which they are run and shown."""

    name: str
    version: str
    title: str
    cells: tuple[Cell, ...]

    @property
    def id(self) -> str:
        """``name@version``."""
        return f"{self.name}@{self.version}"

    def content(self) -> dict[str, Any]:
        """The catalogue's column of that name, as JSON types."""
        return {
            "kind": "measured",
            "cells": [{"task": cell.task, "protocol": cell.protocol, "seeds": list(cell.seeds)} for cell in self.cells],
        }


@cache
def load_suites() -> Mapping[str, Suite]:
    """Every suite of the project by ``name@version``."""
    return parse_suites(files(__package__).joinpath("suites.toml").read_text(encoding="utf-8"))


def find_suite(name: str) -> Suite:
    """A suite by ``name@version``, or by name alone (its last version in the file).

    Raises :class:`~zoo.core.errors.UsageError` that suggests the nearest name.
    """
    suites = load_suites()
    if name in suites:
        return suites[name]
    by_name = {suite.name: suite for suite in suites.values()}
    if name in by_name:
        return by_name[name]
    near = get_close_matches(name, [*suites, *by_name], n=1, cutoff=0.5)
    hint = f"Did you mean {near[0]!r}?" if near else f"Known: {', '.join(suites)}."
    raise UsageError(f"There is no suite {name!r}.", hint)


def suite_of_task(task: Task, protocols: Sequence[str]) -> Suite:
    """One task by some protocols, without a place in the file: for a user's own images."""
    return Suite(task.name, task.version, task.title, tuple(Cell(task.id, protocol) for protocol in protocols))


def parse_suites(text: str) -> dict[str, Suite]:
    """Suites from TOML; raises :class:`SuiteFileError` for unknown, missing or repeated entries."""
    suites = {}
    for suite_id, table in tomllib.loads(text).items():
        name, separator, version = suite_id.partition("@")
        _expect(bool(name and separator and version), f"suite {suite_id!r} is not name@version")
        _expect(isinstance(table, dict), f"suite {suite_id!r} is not a table")
        _fields(table, {"title", "cells"}, set(), suite_id)
        cells = tuple(cell for entry in table["cells"] for cell in _cells(entry, suite_id))
        keys = [(cell.task, cell.protocol) for cell in cells]
        _expect(len(set(keys)) == len(keys), f"suite {suite_id!r} lists a cell twice")
        suites[suite_id] = Suite(name, version, table["title"], cells)
    return suites


def _cells(entry: Mapping[str, Any], suite_id: str) -> list[Cell]:
    """One entry may name many tasks and many protocols: every pair is a cell."""
    _fields(entry, {"tasks", "protocols"}, {"seeds"}, suite_id)
    seeds = tuple(entry.get("seeds", (0,)))
    _expect(bool(seeds) and all(isinstance(seed, int) for seed in seeds), f"suite {suite_id!r}: seeds are integers")
    return [Cell(task, protocol, seeds) for protocol in entry["protocols"] for task in entry["tasks"]]


def _fields(table: Mapping[str, Any], required: set[str], optional: set[str], suite_id: str) -> None:
    missing, unknown = required - set(table), set(table) - required - optional
    _expect(not missing, f"suite {suite_id!r} lacks {sorted(missing)}")
    _expect(not unknown, f"suite {suite_id!r} has unknown fields {sorted(unknown)}")


def _expect(holds: bool, sentence: str) -> None:
    if not holds:
        raise SuiteFileError(f"suites.toml: {sentence}.")
