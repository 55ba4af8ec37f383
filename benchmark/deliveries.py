"""What a worker without the database delivered, judged and scored: the numbers are computed here, from its predictions.

Free of torch, models and images. Of a cost task nothing was predicted: its numbers are those that the worker measured.
"""

from collections.abc import Mapping
from typing import Any

from registry.blobs import BlobStore
from registry.queries.deliveries import DeliveryRecord
from registry.records import PredictionRecord, ResultRecord
from zoo.core.versions import code_version

from .errors import BenchmarkError, CorruptPredictionsError, PredictionsError
from .job import Job
from .metrics import METRICS
from .predictions import Predictions
from .rescore import same_number
from .results import Outcome, read_predictions, result_record
from .scoring import COST, COST_OF_BATCHES, Cell, score
from .shifts import CLEAN, ShiftTask
from .tasks import CostTask, OpenOodTask, Task, TransferTask, UpstreamTask, find_task


class RefusedDeliveryError(BenchmarkError):
    """What was delivered is not what it says it is; the job is evaluated again."""

    kind = "transient"


def score_delivery(job: Job, delivery: DeliveryRecord, blobs: BlobStore) -> Outcome:
    """The results of a delivery, ``measured``, with the name of the worker's account in their provenance.

    Raises :class:`RefusedDeliveryError` where files and document do not belong together, images are missing, or
    the worker's numbers do not follow from its predictions, and :class:`~registry.errors.BlobError` where the store is
    away.
    """
    task, document = find_task(job.task), delivery.document
    if dict(document["provenance"].get("data_sha256", {})) != dict(task.data_sha256()):
        raise RefusedDeliveryError("It was measured on other data than the task's.")
    provenance = {**document["provenance"], "worker": delivery.account, "scored": {"code_version": code_version()}}
    if isinstance(task, CostTask):
        rows = tuple(_measured(job, task, document["results"], provenance))
        return Outcome(rows, (), {})
    stored = {one["condition"]: PredictionRecord(**one) for one in document["predictions"]}
    _require_conditions(task, set(stored))
    predictions = read_predictions(stored.values(), blobs)
    for condition, record in stored.items():
        _require_file(task, record, predictions, condition)
    cells = score(task, predictions)
    _require_same(cells, document["results"])
    return Outcome(tuple(result_record(job, cell, provenance) for cell in cells), tuple(stored.values()), {})


def _require_conditions(task: Task, found: set[str]) -> None:
    expected = expected_conditions(task)
    if found - {CLEAN} != expected and found != expected:
        differ = sorted(found ^ expected)
        raise RefusedDeliveryError(f"The conditions are not those of {task.id}: {', '.join(map(repr, differ[:3]))}.")


def expected_conditions(task: Task) -> set[str]:
    """The conditions of a task's predictions, without the clean images that a shift may have besides.

    >>> expected_conditions(find_task("digits-ood@1")) == {"inside", "outside"}
    True
    """
    if isinstance(task, ShiftTask):
        return set(task.conditions)
    if isinstance(task, OpenOodTask):
        return {"inside", *task.outside}
    if task.kind == "ood":
        return {"inside", "outside"}
    if isinstance(task, UpstreamTask) and (task.fitting_fraction or "validation" in task.data.splits):
        return {"", "validation"}
    return {""}


def _require_file(task: Task, record: PredictionRecord, stored: Mapping[str, Predictions], condition: str) -> None:
    try:
        found = stored[condition]
    except (CorruptPredictionsError, PredictionsError) as error:
        raise RefusedDeliveryError(f"The predictions of {condition!r} cannot be read: {error.message}") from error
    if (found.array_hash(), len(found), found.condition) != (record.array_hash, record.n, condition):
        raise RefusedDeliveryError(f"The file of the condition {condition!r} is not what the document says of it.")
    if isinstance(task, TransferTask) and len(found) != task.n_test:
        raise RefusedDeliveryError(f"{task.id} has {task.n_test} test images; {len(found)} were predicted.")
    if record.sparsity_before is not None and record.sparsity_after != record.sparsity_before:
        raise RefusedDeliveryError("Weights that were pruned came back to life.")


def _require_same(cells: list[Cell], told: list[dict[str, Any]]) -> None:
    """The worker computed with the same code: another number means that one of the two is broken."""
    known = {(row["metric"], row["condition"]): row["value"] for row in told}
    for condition, measured in cells:
        name = f"{measured.metric}@{measured.version}"
        if (name, condition) not in known or not same_number(measured.value, known[name, condition]):
            raise RefusedDeliveryError(
                f"{name}{f' of {condition}' if condition else ''} is {measured.value} by its predictions; "
                f"the worker found {known.get((name, condition), 'none')}."
            )


def _measured(
    job: Job, task: CostTask, told: list[dict[str, Any]], provenance: Mapping[str, Any]
) -> list[ResultRecord]:
    names = COST if task.throughput is None else COST + COST_OF_BATCHES
    expected = {f"{name}@{METRICS[name].version}" for name in names}
    if {row["metric"] for row in told} != expected or any(row["condition"] for row in told):
        raise RefusedDeliveryError(f"The numbers are not those of {task.id}.")
    return [
        ResultRecord(model=job.model, task=job.task, protocol=job.protocol, seed=job.seed, provenance=provenance, **row)
        for row in told
    ]
