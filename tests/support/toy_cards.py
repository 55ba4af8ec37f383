"""Facts of a card about the toy model, without a hub or a catalogue."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from model_folders import CONFIG, PROVENANCE, write_toy

from registry.cards import CardFacts, DataTerms, Parent
from registry.headlines import Plugins, headlines
from registry.records import ResultRecord
from registry.report import make_report
from zoo.checkpoint.config import ModelConfig
from zoo.checkpoint.passport import measure

REPO_ID = "org/gmp-toy-0.50-s0"


PARENT = Parent(slug="dense/toy/0.00-s0", hub_id="org/parent", licence="MIT", is_start=True)


def toy_facts(
    path: Path,
    *,
    config: ModelConfig = CONFIG,
    dense: Parent | None = PARENT,
    terms: DataTerms | None = None,
    results: tuple[ResultRecord, ...] = (),
    plugins: Plugins | None = None,
    sizes: Mapping[str, int] | None = None,
    **provenance: Any,
) -> CardFacts:
    """Other keyword arguments change fields of the provenance."""
    passport = measure(write_toy(path).weights, config)
    return CardFacts(
        repo_id=REPO_ID,
        config=config,
        provenance=replace(PROVENANCE, **provenance),
        passport=passport,
        report=make_report(PROVENANCE.slug, passport, results, headlines(results, plugins or Plugins())),
        parent=dense,
        data=terms,
        sizes=sizes or {},
    )
