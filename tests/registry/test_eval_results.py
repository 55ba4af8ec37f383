""".eval_results: only what was measured here, on images that the Hub has, as its own library reads it."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import EvalResultEntry, parse_eval_result_entries
from measured_results import ON_HUB
from toy_cards import toy_facts

from registry.eval_results import eval_results, model_index
from registry.headlines import Plugins
from registry.records import ResultRecord, TaskRecord
from registry.report import Report


def report(path: Path, *, hub: dict[str, str] | None = ON_HUB, **fields: Any) -> Report:
    task = TaskRecord(
        name="far", version="1", kind="transfer", title="Far", primary_metric="top1@1", manifest={"data": {"hub": hub}}
    )
    given = {"value": 0.8, "ci_low": 0.7, "ci_high": 0.9, "seed": 0} | fields
    row = ResultRecord(model="m", task="far@1", protocol="linear@1", metric="top1@1", **given)
    return toy_facts(path / "toy", results=(row,), plugins=Plugins(tasks={"far@1": task})).report


def test_an_entry_names_the_images_and_says_what_its_number_does_not(tmp_path: Path) -> None:
    written = eval_results(report(tmp_path))
    assert written is not None
    assert parse_eval_result_entries(yaml.safe_load(written)) == [
        EvalResultEntry(
            dataset_id="prunarium/digits", task_id="five-to-nine", dataset_revision="5" * 40, value=0.8,
            notes="top1@1 by linear@1; measured; 95% interval 0.7000 to 0.9000",
        )
    ]  # fmt: skip


def test_without_a_task_of_its_own_the_data_set_has_the_default_one(tmp_path: Path) -> None:
    written = eval_results(report(tmp_path, hub={"id": "org/images"}))
    assert yaml.safe_load(written or b"")[0]["dataset"] == {"id": "org/images", "task_id": "default"}


def test_images_that_are_on_no_hub_are_left_out_of_the_file_but_not_of_the_card(tmp_path: Path) -> None:
    found = report(tmp_path, hub=None)
    assert eval_results(found) is None
    index = model_index(found, "name")
    assert index is not None
    assert index[0]["results"][0]["dataset"] == {"name": "Far", "type": "far@1"}


@pytest.mark.parametrize(
    "fields",
    [
        {"trust": "reported", "source": "a paper"},
        {"trust": "derived", "source": "a paper"},
        {"value": None, "ci_low": None, "ci_high": None, "missing_reason": "out of memory"},
    ],
)
def test_what_was_not_measured_on_these_bytes_is_no_evaluation_result(fields: dict[str, Any], tmp_path: Path) -> None:
    found = report(tmp_path, **fields)
    assert eval_results(found) is None
    assert model_index(found, "name") is None


def test_a_number_without_an_interval_says_why(tmp_path: Path) -> None:
    written = eval_results(report(tmp_path, ci_low=None, ci_high=None, no_interval_reason="one run"))
    assert "no interval: one run" in (written or b"").decode()
