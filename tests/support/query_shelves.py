"""Small catalogues for property tests of the search: drawn, and written to a database row by row."""

from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st
from query_oracle import Oracle, Shelf
from sqlalchemy.orm import Session

from registry import queries
from registry.db.models import Checkpoint, CheckpointRevision, Job, Metric, Model, Protocol, Result, Task
from registry.queries.training_data import set_training_data
from registry.query import FIELDS, Kind
from registry.records import (
    ArchitectureRecord,
    CheckpointRecord,
    MethodRecord,
    MetricRecord,
    ModelRecord,
    ProtocolRecord,
    ResultRecord,
    TaskRecord,
)
from zoo.checkpoint.folder import SPARSE_WEIGHTS, WEIGHTS

FAMILIES = {"gmp": "magnitude", "rigl": "Regrowth"}
PARAMETERS = {"net": 1000}
POOLS: dict[str, Sequence[Any]] = {
    "method": ("gmp", "rigl", "@me/own"),
    "architecture": ("net", "Net-é", "other"),
    "title": ("Plain", "100 % A_b", r"it's \ /", "Größe É"),
    "owner": ("me", "My Org", "ÉCOLE", "école"),
    "licence": (None, "MIT", "mit", 'CC "BY" 4.0'),
    "pattern": ("unstructured", "2:4"),
    "upstream": (None, "ImageNet-1k", "imagenet-1k", "CIFAR-10"),
    "trained_on": ("cifar-10", "écoles", "imagenet-1k"),
    "availability": ("hub", "make", "unknown"),
    "sparsity": (0.0, 0.5, 0.9, 0.9004, 0.9006, 0.95),
    "upstream_top1": (None, 0.75, 0.7504, 0.7),
    "epochs": (None, 100.0, 90.5),
    "replicate": (0, 1, 2),
}
_COUNTS = (0, 1, 500, 999, 1000)
_VALUES = (0.1, 0.2, 0.3, 0.6, 0.6004)
_REFERENCES = {
    "task": ("digits@1", "digits@2", "digits@paper", "digits@other", "cars@paper"),
    "metric": ("top1@1", "nll@1", "nll@2"),
    "protocol": ("linear@1", "linear@paper", "full@1"),
}
_TRUST = ("measured", "rescored", "reported", "derived")


def pool(name: str) -> list[Any]:
    """Values of a field that queries ask for: those of the catalogues, and some beside them."""
    if name in ("name", "parent"):
        return ["gmp/net/0", "GMP/NET/1", "org/m2", "nobody/here"]
    if name == "family":
        return ["magnitude", "REGROWTH", "none"]
    if name == "trust":
        return list(_TRUST)
    if name in POOLS:
        return [value for value in POOLS[name] if value is not None]
    if FIELDS.get(name) is not None and FIELDS[name].kind is Kind.FRACTION:
        return [0.0, 0.001, 0.5, 0.999, 1.0]
    # Of nll there are no bounds, and 0.2 is the mean of 0.1 and 0.3 but for rounding.
    return [0.1, 0.2, 0.6, 0.35] if "." in name and name not in FIELDS else [float(count) for count in _COUNTS]


@st.composite
def catalogues(draw: st.DrawFn) -> Oracle:
    """Up to six models, dense parents among them."""
    count = draw(st.integers(1, 6))
    shelves: list[Shelf] = []
    for number in range(count):
        shelf = Shelf(draw(_models(number, [one.model.name for one in shelves])))
        shelf.checkpoints = draw(st.lists(_checkpoints(), max_size=2))
        if shelf.checkpoints:
            of = st.integers(0, len(shelf.checkpoints) - 1)
            shelf.files = draw(st.lists(st.tuples(of, st.booleans(), st.sampled_from(_COUNTS)), max_size=3))
        shelf.results = draw(st.lists(_results(shelf), max_size=6, unique_by=_cell))
        shelf.superseded = draw(st.sets(st.integers(0, 5), max_size=1)) & set(range(1, len(shelf.results)))
        shelf.trained_on = tuple(draw(st.lists(st.sampled_from(POOLS["trained_on"]), max_size=2, unique=True)))
        shelves.append(shelf)
    return Oracle(shelves, FAMILIES, PARAMETERS, {"top1@1"})


@st.composite
def _models(draw: st.DrawFn, number: int, others: list[str]) -> ModelRecord:
    def one(name: str) -> Any:
        return draw(st.sampled_from(POOLS[name]))

    method, architecture = one("method"), one("architecture")
    has_slug = draw(st.booleans())
    return ModelRecord(
        slug=f"{method}/{architecture}/{number}" if has_slug else None,
        hub_id=f"org/m{number}" if not has_slug or draw(st.booleans()) else None,
        title=one("title"),
        owner=one("owner"),
        method=method,
        architecture=architecture,
        sparsity_target=one("sparsity"),
        pattern=one("pattern"),
        replicate=one("replicate"),
        parent=draw(st.sampled_from([None, *others])),
        licence=one("licence"),
        upstream_data=one("upstream"),
        training_epochs=one("epochs"),
        upstream_top1=one("upstream_top1"),
        availability=one("availability"),
    )


@st.composite
def _checkpoints(draw: st.DrawFn) -> CheckpointRecord:
    count = st.sampled_from(_COUNTS)
    maybe = st.none() | count
    return CheckpointRecord(
        densified_hash="", architecture="net", preprocessing_hash="", preprocessing={}, layers=(), mask_hash="",
        pattern="unstructured", bytes_dense=draw(count), nonzeros=draw(count), elements=draw(count),
        prunable_nonzeros=draw(count), prunable_elements=draw(count), stored_nonzeros=draw(maybe),
        stored_elements=draw(maybe), dead_channels=draw(maybe), flops_dense=draw(maybe), flops_sparse=draw(maybe),
    )  # fmt: skip


@st.composite
def _results(draw: st.DrawFn, shelf: Shelf) -> tuple[int | None, ResultRecord]:
    checkpoint = draw(st.sampled_from([None, *range(len(shelf.checkpoints))]))
    trust = draw(st.sampled_from(_TRUST[2:] if checkpoint is None else _TRUST[:2]))
    value = draw(st.sampled_from((None, *_VALUES)))
    return checkpoint, ResultRecord(
        model=shelf.model.name,
        task=draw(st.sampled_from(_REFERENCES["task"])),
        protocol=draw(st.sampled_from(_REFERENCES["protocol"])),
        metric=draw(st.sampled_from(_REFERENCES["metric"])),
        value=value,
        missing_reason="not run" if value is None else None,
        no_interval_reason="a test",
        seed=draw(st.integers(0, 1)),
        condition=draw(st.sampled_from(("", "", "", "noise/1"))),
        trust=trust,
        source="a paper" if checkpoint is None else None,
    )


def _cell(item: tuple[int | None, ResultRecord]) -> tuple[Any, ...]:
    """What the database holds once."""
    checkpoint, result = item
    seed = None if checkpoint is None else result.seed
    return checkpoint, seed, result.task, result.protocol, result.metric, result.condition


def write_plugins(session: Session) -> None:
    """Methods, architectures, tasks, metrics and protocols that the catalogues name."""
    for method, family in FAMILIES.items():
        for number, name in ((1, "former"), (2, family)):
            queries.upsert_method(session, MethodRecord(name=method, version=number, title=method, family=name))
    for name, parameters in PARAMETERS.items():
        record = ArchitectureRecord(name=name, title=name, input_size=(1,), parameters=parameters)
        queries.upsert_architecture(session, record)
    for reference in _REFERENCES["task"]:
        name, _, version = reference.partition("@")
        queries.upsert_task(session, TaskRecord(name=name, version=version, kind="transfer", title=name))
    for reference in _REFERENCES["protocol"]:
        name, _, version = reference.partition("@")
        queries.upsert_protocol(session, ProtocolRecord(name=name, version=version, kind="linear", title=name))
    for reference in _REFERENCES["metric"]:
        name, _, version = reference.partition("@")
        bounds: dict[str, Any] = {"unit": "fraction", "upper_bound": 1.0} if name == "top1" else {"unit": "nats"}
        record_of = MetricRecord(
            name=name, version=int(version), title=name, direction="none", definition="d", lower_bound=0.0, **bounds
        )
        queries.upsert_metric(session, record_of)


def write_shelves(session: Session, oracle: Oracle) -> None:
    """Every row, in the order in which the shelves tell it."""
    ids = _plugin_ids(session)
    numbers: dict[str, int] = {}
    for shelf in oracle.shelves:
        values = {name: value for name, value in vars(shelf.model).items() if name not in ("id", "parent")}
        model = Model(**values, parent_id=numbers.get(shelf.model.parent or ""))
        session.add(model)
        session.flush()
        numbers[shelf.model.name] = model.id
        set_training_data(session, model.id, shelf.trained_on)
        checkpoints = [
            Checkpoint(
                **{name: value for name, value in vars(one).items() if name not in ("id", "model_id", "layers")}
                | {"model_id": model.id, "layers": [], "densified_hash": f"{model.id}-{place}"}
            )
            for place, one in enumerate(shelf.checkpoints)
        ]
        session.add_all(checkpoints)
        session.flush()
        for place, (of, sparse, size) in enumerate(shelf.files):
            session.add(
                CheckpointRevision(
                    checkpoint_id=checkpoints[of].id, hub_endpoint="h", hub_repo=f"o/{model.id}", commit_oid=f"{place}",
                    file_name=SPARSE_WEIGHTS if sparse else WEIGHTS, file_sha256="", size_bytes=size, created_us=0,
                )
            )  # fmt: skip
            session.flush()
        _write_results(session, shelf, model.id, [one.id for one in checkpoints], ids)


def _write_results(
    session: Session, shelf: Shelf, model: int, checkpoints: list[int], ids: dict[str, dict[str, int]]
) -> None:
    jobs: dict[tuple[Any, ...], Job] = {}
    rows = []
    for place, (checkpoint, one) in enumerate(shelf.results):
        cell = {f"{kind}_id": ids[kind][getattr(one, kind)] for kind in ("task", "protocol", "metric")}
        job = None
        if checkpoint is not None:
            key = (checkpoints[checkpoint], cell["task_id"], cell["protocol_id"], one.seed)
            job = jobs.get(key) or Job(
                checkpoint_id=key[0], task_id=key[1], protocol_id=key[2], seed=one.seed or 0, state="done", created_us=0
            )
            jobs[key] = job
            session.add(job)
            session.flush()
        rows.append(
            Result(
                **cell, model_id=model, checkpoint_id=None if checkpoint is None else checkpoints[checkpoint],
                job_id=None if job is None else job.id, seed=one.seed, condition=one.condition, value=one.value,
                missing_reason=one.missing_reason, no_interval_reason=one.no_interval_reason, trust=one.trust,
                source=None if one.source is None else f"{one.source} {place}", provenance={}, created_us=0,
            )
        )  # fmt: skip
    session.add_all(rows)
    session.flush()
    for place in shelf.superseded:
        rows[place].superseded_by = rows[0].id
    session.flush()


def _plugin_ids(session: Session) -> dict[str, dict[str, int]]:
    tables: dict[str, Any] = {"task": Task, "metric": Metric, "protocol": Protocol}
    return {
        kind: {f"{row.name}@{row.version}": row.id for row in session.query(table)} for kind, table in tables.items()
    }
