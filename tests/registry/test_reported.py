"""The published rows in the catalogue: all of them, as printed, with the interval each has earned.

Those about robustness have a test of their own, ``test_reported_robustness.py``.
"""

from collections import Counter
from decimal import Decimal

import pytest
from databases import sqlite_first
from sqlalchemy import Engine

from registry import queries
from registry.db.session import session_scope
from registry.errors import ImmutableRowError, InvalidRecordError
from registry.records import ResultRecord
from registry.reported import _files as files
from registry.reported import load_reported
from registry.reported._robustness import robustness
from registry.statistics import normal_interval_from_std, wilson
from zoo.checkpoint.slug import is_slug

SUITE = "transfer-12@ist2022"


@pytest.fixture(scope="module")
def reported(reported_catalogue: Engine) -> list[ResultRecord]:
    """The rows about transfer and ImageNet."""
    with session_scope(reported_catalogue) as session:
        return [row for row in queries.results(session) if row.task.endswith(("@ist2022", "@reported"))]


def find(reported: list[ResultRecord], model: str, task: str, protocol: str) -> ResultRecord:
    (found,) = [row for row in reported if (row.model, row.task, row.protocol) == (model, task, protocol)]
    return found


@sqlite_first
def test_every_published_row_is_loaded_and_repeats_once(catalogue: Engine) -> None:
    with session_scope(catalogue, write=True) as session:
        first = load_reported(session)
    with session_scope(catalogue) as session:
        before = queries.results(session), queries.list_models(session), queries.catalogue_version(session)
    with session_scope(catalogue, write=True) as session:
        second = load_reported(session)
    with session_scope(catalogue) as session:
        after = queries.results(session), queries.list_models(session), queries.catalogue_version(session)
    assert (first.transfer, first.upstream, first.repeated) == (720, 107 + 160, 73)
    assert (first.robustness, first.derived) == (5420, 34)
    assert first.new == first.results == 720 + 107 + 160 - 73 + 5420 + 34
    assert second.new == 0
    assert before[:2] == after[:2]


def test_no_cell_is_filled_twice(reported: list[ResultRecord]) -> None:
    cells = Counter((row.model, row.task, row.protocol, row.metric) for row in reported)
    assert set(cells.values()) == {1}


def test_values_are_the_printed_ones_as_fractions(reported: list[ResultRecord]) -> None:
    for row in reported:
        printed = row.provenance["published_value"]
        if row.metric in ("top1@1", "mean-per-class@1"):
            assert Decimal(str(row.value)) * 100 == Decimal(printed)
            assert row.value is not None
            assert 0 < row.value < 1


def test_a_cell_with_five_seeds(reported: list[ResultRecord]) -> None:
    """The first line of the published table: 49.158 with a standard deviation of 0.091 over 5 seeds."""
    row = find(reported, "dense/resnet50/0.00", "aircraft@ist2022", "linear@ist2022")
    assert (row.value, row.std, row.runs, row.n, row.metric) == (0.49158, 0.00091, 5, 3333, "mean-per-class@1")
    assert (row.trust, row.job_id, row.interval_method) == ("reported", None, "t over seeds")
    assert (row.ci_low, row.ci_high) == pytest.approx(normal_interval_from_std(0.49158, 0.00091, 5))
    # By hand: 2.7764 * 0.00091 / sqrt(5) = 0.00113
    assert row.ci_high == pytest.approx(0.49271, abs=1e-5)
    assert "IST-DASLab/sparse-imagenet-transfer @3e4f5dc" in str(row.source)


def test_a_single_top1_has_wilsons_interval_and_a_single_class_mean_has_none(reported: list[ResultRecord]) -> None:
    top1 = find(reported, "ac-dc/mobilenetv1/0.30", "birdsnap@ist2022", "full@ist2022")
    assert (top1.runs, top1.n, top1.interval_method) == (1, 8171, "wilson")
    assert top1.value is not None
    assert (top1.ci_low, top1.ci_high) == pytest.approx(wilson(round(top1.value * 8171), 8171))
    per_class = find(reported, "ac-dc/mobilenetv1/0.30", "aircraft@ist2022", "full@ist2022")
    assert per_class.ci_low is None
    assert "one run" in str(per_class.no_interval_reason)


def test_intervals_hold_their_values(reported: list[ResultRecord]) -> None:
    held = [row for row in reported if row.ci_low is not None]
    assert len(held) == 850
    for row in held:
        assert row.value is not None
        assert row.ci_high is not None
        assert row.ci_low is not None
        assert 0 <= row.ci_low <= row.value <= row.ci_high <= 1


def test_counts_of_operations_keep_their_suffix(reported_catalogue: Engine) -> None:
    with session_scope(reported_catalogue) as session:
        macs = {row.model: row.value for row in queries.results(session, metric="reported-macs@1")}
    assert macs["dense/resnet50/0.00-str"] == 4.09e9
    assert macs["str/resnet50/0.98-ls"] == 73e6


def test_the_suite_is_complete(reported_catalogue: Engine) -> None:
    with session_scope(reported_catalogue) as session:
        rows = queries.results(session, suite=SUITE)
        suite = queries.get_suite(session, SUITE)
    assert suite is not None
    assert len(suite.content["cells"]) == 24
    assert Counter(row.model for row in rows) == Counter(dict.fromkeys({row.model for row in rows}, 24))
    assert len({row.model for row in rows}) == 30


def test_models_say_how_to_get_them_and_what_to_beware_of(reported_catalogue: Engine) -> None:
    with session_scope(reported_catalogue) as session:
        models = {model.slug: model for model in queries.list_models(session)}
    availability = {method: models[f"{method}/resnet50/0.90"].availability for method in ("ac-dc", "str", "rigl")}
    assert availability == {"ac-dc": "import", "str": "import", "rigl": "import"}
    assert models["woodfisher/resnet50/0.90"].availability_detail == "no licence file"
    assert models["lth-t/resnet50/0.90"].availability == "not_redistributable"
    for sparsity in ("0.80", "0.90", "0.95"):
        for method in ("rigl", "rigl-5x"):
            assert "SUN397" in str(models[f"{method}/resnet50/{sparsity}"].caveat)
    assert models["ac-dc/resnet50/0.90"].parent == "dense/resnet50/0.00"


def test_upstream_accuracy_is_given_only_where_the_checkpoint_is_certain(reported_catalogue: Engine) -> None:
    with session_scope(reported_catalogue) as session:
        known = {model.slug: model for model in queries.list_models(session) if model.upstream_top1 is not None}
    # The robustness tables give both numbers of one file.
    assert set(known) - set(robustness().models) == {
        *(f"ac-dc/resnet50/{s}" for s in ("0.80", "0.90", "0.95")),
        *(f"ac-dc/mobilenetv1/{s}" for s in ("0.75", "0.90")),
        *(f"m-fac/mobilenetv1/{s}" for s in ("0.75", "0.89")),
    }
    assert known["ac-dc/resnet50/0.90"].upstream_top1 == 0.7503
    assert all(model.upstream_top1_source for model in known.values())


def test_every_name_has_a_slug_of_the_right_form() -> None:
    assert all(is_slug(row["slug"]) for row in files.table("models.csv"))
    assert {row["slug"] for row in files.table("names.csv")} == {row["slug"] for row in files.table("models.csv")}
    assert {row["method"] for row in files.table("models.csv")} == set(files.catalogue()["methods"])
    assert {row["architecture"] for row in files.table("models.csv")} == set(files.catalogue()["architectures"])


@sqlite_first
def test_a_model_published_since_stays_published(catalogue: Engine) -> None:
    with session_scope(catalogue, write=True) as session:
        load_reported(session)
        model = queries.get_model(session, "ac-dc/resnet50/0.90")
        assert model is not None
        queries.upsert_model(session, type(model)(**{**vars(model), "availability": "hub", "hub_id": "me/ac-dc"}))
        load_reported(session)
        after = queries.get_model(session, "me/ac-dc")
    assert after is not None
    assert (after.slug, after.availability) == ("ac-dc/resnet50/0.90", "hub")


@sqlite_first
def test_a_changed_number_from_the_same_source_is_refused(catalogue: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    with session_scope(catalogue, write=True) as session:
        load_reported(session)
    read = files.table

    def forged(name: str) -> list[dict[str, str]]:
        return [row | {"top1": "12.5"} if "top1" in row else row for row in read(name)]

    monkeypatch.setattr(files, "table", forged)
    with pytest.raises(ImmutableRowError, match="supersede"), session_scope(catalogue, write=True) as session:
        load_reported(session)


def test_a_table_with_other_columns_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(files._FIELDS, "names.csv", ("slug", "name"))
    with pytest.raises(InvalidRecordError, match=r"names\.csv has the columns"):
        files.table("names.csv")
