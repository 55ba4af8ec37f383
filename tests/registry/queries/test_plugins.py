"""Versions of tasks, metrics and the like mean one thing for ever; their words may be improved."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from queue_rows import fill
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from registry import queries
from registry.db.session import session_scope
from registry.errors import ImmutableRowError, UnknownRecordError
from registry.records import ArchitectureRecord, MethodRecord, MetricRecord, ProtocolRecord, ShiftRecord, TaskRecord

METHOD = MethodRecord(name="gmp", title="GMP", family="magnitude", facts={"exact": True})
TASK = TaskRecord(
    name="pets", version="1", kind="transfer", title="Pets", classes=37, n_test=3669, manifest={"sizes": (1, 2)}
)
METRIC = MetricRecord(name="ece", version=1, title="ECE", unit="fraction", direction="lower", definition="Gap.")
PROTOCOL = ProtocolRecord(name="linear", version="1", kind="linear", title="Linear", facts={"epochs": 5})
ARCHITECTURE = ArchitectureRecord(name="net", title="Net", input_size=(3, 8, 8), parameters=10)

CHANGES: list[tuple[Callable[[Session], int], Callable[[Session], int], str]] = [
    (
        lambda s: queries.upsert_task(s, TASK),
        lambda s: queries.upsert_task(s, replace(TASK, n_test=3670)),
        "task pets@1 .* n_test 3669 → 3670",
    ),
    (
        lambda s: queries.upsert_task(s, TASK),
        lambda s: queries.upsert_task(s, replace(TASK, manifest={"sizes": [1, 3]})),
        "manifest",
    ),
    (
        lambda s: queries.upsert_metric(s, METRIC),
        lambda s: queries.upsert_metric(s, replace(METRIC, direction="higher")),
        "metric ece@1 .* direction 'lower' → 'higher'",
    ),
    (
        lambda s: queries.upsert_method(s, METHOD),
        lambda s: queries.upsert_method(s, replace(METHOD, facts={"exact": False})),
        "method gmp@1",
    ),
    (
        lambda s: queries.upsert_protocol(s, PROTOCOL),
        lambda s: queries.upsert_protocol(s, replace(PROTOCOL, facts={"epochs": 6})),
        "protocol linear@1",
    ),
    (
        lambda s: queries.upsert_architecture(s, ARCHITECTURE),
        lambda s: queries.upsert_architecture(s, replace(ARCHITECTURE, parameters=11)),
        "architecture net .* parameters 10 → 11",
    ),
]


@pytest.mark.parametrize(("write", "change", "message"), CHANGES)
def test_a_version_is_immutable(
    catalogue: Engine, write: Callable[[Session], int], change: Callable[[Session], int], message: str
) -> None:
    with session_scope(catalogue, write=True) as session:
        assert write(session) == write(session)
    with pytest.raises(ImmutableRowError, match=message) as error, session_scope(catalogue, write=True) as session:
        change(session)
    assert "a new version" in str(error.value)


def test_a_count_that_was_unknown_may_become_known_and_then_stays(catalogue: Engine) -> None:
    with session_scope(catalogue, write=True) as session:
        number = queries.upsert_architecture(session, replace(ARCHITECTURE, parameters=None))
        assert queries.upsert_architecture(session, ARCHITECTURE) == number
        assert queries.upsert_architecture(session, replace(ARCHITECTURE, parameters=None)) == number
        (found,) = queries.list_architectures(session)
    assert found.parameters == ARCHITECTURE.parameters


def test_words_may_be_improved(catalogue: Engine) -> None:
    with session_scope(catalogue, write=True) as session:
        queries.upsert_metric(session, METRIC)
        queries.upsert_metric(session, replace(METRIC, definition="Gap between confidence and accuracy."))
        found = queries.get_metric(session, "ece@1")
    assert found == replace(METRIC, definition="Gap between confidence and accuracy.")


def test_records_come_back_as_they_went_in(catalogue: Engine) -> None:
    with session_scope(catalogue, write=True) as session:
        queries.upsert_architecture(session, ARCHITECTURE)
        queries.upsert_method(session, METHOD)
        queries.upsert_method(session, replace(METHOD, version=0, family="published"))
        assert queries.list_architectures(session) == [ARCHITECTURE]
        assert queries.get_method(session, "gmp") == METHOD
        assert queries.list_methods(session) == [METHOD]
        assert queries.list_methods(session, family="published") == []


def test_a_shift_belongs_to_its_task(catalogue: Engine) -> None:
    shift = ShiftRecord(task="pets@1", source_task="pets@0", regenerated=True, conditions=("noise/1", "noise/2"))
    with session_scope(catalogue, write=True) as session:
        queries.upsert_task(session, TASK)
        queries.upsert_shift(session, shift)
        queries.upsert_shift(session, shift)
        assert queries.get_shift(session, "pets@1") == shift
        assert queries.list_shifts(session) == [shift]
        with pytest.raises(ImmutableRowError, match="shift pets@1"):
            queries.upsert_shift(session, replace(shift, conditions=("noise/1",)))
        with pytest.raises(UnknownRecordError, match="dogs@1"):
            queries.upsert_shift(session, replace(shift, task="dogs@1"))


def test_what_is_not_there_is_none_and_what_is_asked_for_wrongly_is_told(catalogue: Engine) -> None:
    with session_scope(catalogue) as session:
        assert queries.get_task(session, "none@1") is None
        assert queries.get_metric(session, "none@reported") is None
        assert queries.get_architecture(session, "none") is None
        with pytest.raises(UnknownRecordError, match="name@version"):
            queries.get_task(session, "none")


def test_the_catalogues_version_rises_with_every_change_and_stays_otherwise(catalogue: Engine) -> None:
    versions = []
    for _ in range(3):
        with session_scope(catalogue, write=True) as session:
            fill(session)
        with session_scope(catalogue) as session:
            versions.append(queries.catalogue_version(session))
    assert len(set(versions)) == 3
    with session_scope(catalogue) as session:
        queries.list_tasks(session)
        assert queries.catalogue_version(session) == versions[-1]
