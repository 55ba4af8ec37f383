"""The head of the card, read by the Hub's own library."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCard
from huggingface_hub.repocard_data import model_index_to_eval_results
from measured_results import ON_HUB, TRANSFER
from model_folders import CONFIG
from toy_cards import toy_facts

from registry.cards import DataTerms, Parent
from registry.cards.front_matter import front_matter
from registry.cards.licences import HUB_LICENCES, KNOWN_TERMS, hub_licence
from registry.headlines import Plugins
from registry.records import ResultRecord, TaskRecord


def fields(path: Path, **changes: Any) -> dict[str, Any]:
    text = front_matter(toy_facts(path / "toy", **changes))
    found: dict[str, Any] = yaml.safe_load(text.split("---")[1])
    assert yaml.safe_load(ModelCard(text).data.to_yaml()) == found, "the Hub's library gives back what it reads"
    return found


def test_what_the_hub_files_it_under(tmp_path: Path) -> None:
    assert fields(tmp_path) == {
        "library_name": "prunarium",
        "pipeline_tag": "image-classification",
        "license": "apache-2.0",
        "tags": ["image-classification", "pruned", "sparse", "gmp", "toy", "prunarium"],
        "base_model": "org/parent",
        "base_model_relation": "finetune",
    }


def test_a_dense_model_is_not_called_pruned_and_has_no_parent(tmp_path: Path) -> None:
    found = fields(tmp_path, dense=None, slug="dense/toy/0.00-s0", method="dense", sparsity_target=0.0)
    assert found["tags"] == ["image-classification", "dense", "toy", "prunarium"]
    assert "base_model" not in found


@pytest.mark.parametrize(
    ("is_start", "epochs", "relation"),
    [
        (True, 3, {"base_model": "org/parent", "base_model_relation": "finetune"}),
        (True, 0, {"base_model": "org/parent"}),  # pruned without training: none of the Hub's relations
        (None, 3, {"base_model": "org/parent"}),
        (False, 3, {}),  # trained sparse from scratch: it derives from nothing
    ],
)
def test_the_relation_to_the_parent_is_the_true_one(
    is_start: bool | None, epochs: int, relation: dict[str, str], tmp_path: Path
) -> None:
    parent = Parent(slug="dense/toy/0.00-s0", hub_id="org/parent", is_start=is_start)
    found = fields(tmp_path, dense=parent, epochs=epochs)
    assert {name: value for name, value in found.items() if name.startswith("base_model")} == relation


def test_timm_and_the_data_set_where_they_are_known(tmp_path: Path) -> None:
    config = replace(CONFIG, timm_name="resnet18")
    found = fields(tmp_path, config=config, terms=DataTerms(title="x", hub_id="org/images"))
    assert (found["library_name"], found["datasets"]) == ("timm", ["org/images"])


@pytest.mark.parametrize(
    ("spdx", "front"),
    [
        ("Apache-2.0", {"license": "apache-2.0"}),
        ("BSD-3-Clause", {"license": "bsd-3-clause"}),
        ("AGPL-3.0-or-later", {"license": "agpl-3.0"}),
        ("LicenseRef-mine", {"license": "other", "license_name": "licenseref-mine"}),
        (None, {"license": "unknown"}),
    ],
)
def test_only_licences_that_the_hub_knows(spdx: str | None, front: dict[str, str]) -> None:
    assert hub_licence(spdx) == front
    assert front["license"] in HUB_LICENCES | {"other", "unknown"}


def test_terms_of_imagenet_name_its_data_set_and_its_licence_address() -> None:
    assert KNOWN_TERMS["imagenet"].hub_id == "ILSVRC/imagenet-1k"
    assert "research" in str(KNOWN_TERMS["imagenet"].note)


def test_the_model_index_round_trips_through_the_hubs_own_classes(tmp_path: Path) -> None:
    task = TaskRecord(
        name="digits-5-9", version="1", kind="transfer", title="Digits: 5–9", primary_metric="top1@1",
        manifest={"data": {"hub": ON_HUB}},
    )  # fmt: skip
    rows = tuple(
        ResultRecord(model="m", task=TRANSFER, protocol=protocol, metric="top1@1", value=value, seed=0)
        for protocol, value in (("full@1", 0.9), ("linear@1", 0.8))
    )
    found = fields(tmp_path, results=rows, plugins=Plugins(tasks={TRANSFER: task}))
    name, results = model_index_to_eval_results(found["model-index"])
    assert name == "gmp-toy-0.50-s0"
    assert [(row.dataset_type, row.dataset_name, row.metric_type, row.metric_value) for row in results] == [
        ("prunarium/digits", "Digits: 5–9", "accuracy", 0.9),
        ("prunarium/digits", "Digits: 5–9", "accuracy", 0.8),
    ]
    assert {row.metric_args["protocol"] for row in results if row.metric_args} == {"full@1", "linear@1"}
