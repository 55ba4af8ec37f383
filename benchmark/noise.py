"""Measure the noise floor: the same evaluation again, with batches, threads, precision or the seed changed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from registry import queries
from registry.db.schema import open_catalogue
from registry.db.session import session_scope
from registry.records import CheckpointRecord
from registry.settings import Settings
from zoo.checkpoint.folder import ModelFolder, read_folder
from zoo.core.errors import UsageError
from zoo.core.progress import counting
from zoo.core.versions import package_versions
from zoo.models import load_model

from .errors import NotMeasuredError
from .metrics import METRICS
from .metrics._metric import SampleMetric
from .noise_floor import NoiseFloor, Perturbed, flips_between, store
from .predictions import Predictions
from .protocols import PROTOCOLS, Protocol, Subject
from .provenance import PACKAGES, device
from .reproducible import reproducible
from .sources import folder_source, hub_source
from .tasks import CostTask, Task, find_task

BATCH_DIVISORS = (2, 8)
THREADS = (2,)


class Setting(NamedTuple):
    """How a run is done: ``kind`` and ``name`` say what differs from the unperturbed run."""

    kind: str
    name: str
    seed: int = 0
    batch_divisor: int = 1
    threads: int = 1
    dtype: torch.dtype = torch.float32
    device: str = "cpu"


@dataclass(frozen=True)
class _Measured:
    predictions: Mapping[str, Predictions]
    value: float | None


def measure_noise(
    settings: Settings,
    model: str,
    task: str,
    protocol: str,
    *,
    seeds: Sequence[int] = (1, 2),
    folders: Path | None = None,
    devices: Sequence[str] = (),
) -> tuple[NoiseFloor, Path]:
    """Evaluate again under every perturbation, and keep the floor; returns it and its file.

    Raises :class:`~zoo.core.errors.UsageError` for a protocol that the task cannot have, and what fetching raises.
    """
    found, plugin = find_task(task), PROTOCOLS[protocol]()
    if isinstance(found, CostTask) or found.kind not in plugin.facts.task_kinds:
        raise UsageError(f"{plugin.facts.id} makes no predictions of {found.id}.", "prunarium benchmark tasks")
    checkpoint, folder = _fetched(settings, model, folders)
    source = read_folder(folder)
    wanted = list(perturbations(plugin, seeds, devices))
    runs = []
    with counting("Evaluating again", 1 + len(wanted)) as advance:
        base = _run(source, found, plugin, Setting("none", "as it is"))
        advance()
        for setting in wanted:
            runs.append(_compared(setting, base, _run(source, found, plugin, setting)))
            advance()
    floor = NoiseFloor(
        model=model,
        densified_hash=checkpoint.densified_hash,
        task=found.id,
        protocol=plugin.facts.id,
        metric=found.primary_metric,
        value=base.value,
        device=device(),
        packages=package_versions(PACKAGES),
        runs=tuple(runs),
    )
    return floor, store(floor, settings)


def perturbations(protocol: Protocol, seeds: Sequence[int], devices: Sequence[str]) -> Iterator[Setting]:
    """Everything that this protocol can be perturbed by: a training of all weights stays in float32 on the CPU."""
    yield Setting("again", "nothing changed")
    for divisor in BATCH_DIVISORS:
        yield Setting("batch", f"batches cut in {divisor}", batch_divisor=divisor)
    for threads in THREADS:
        yield Setting("threads", f"{threads} threads", threads=threads)
    if protocol.facts.kind != "full":
        yield Setting("precision", "float64", dtype=torch.float64)
        yield Setting("dtype", "bfloat16", dtype=torch.bfloat16)
        for name in devices:
            yield Setting("device", name, device=name)
    if protocol.facts.seeded:
        for seed in seeds:
            yield Setting("seed", f"seed {seed}", seed=seed)


def _fetched(settings: Settings, model: str, folders: Path | None) -> tuple[CheckpointRecord, Path]:
    engine = open_catalogue(settings)
    try:
        with session_scope(engine) as session:
            checkpoint = queries.checkpoint_of(session, queries.model_id(session, model))
        if checkpoint is None or checkpoint.id is None:
            raise NotMeasuredError(f"The catalogue has no checkpoint of {model}.", "Publish one: prunarium publish DIR")
        find = hub_source(engine, settings) if folders is None else folder_source(engine, folders)
        return checkpoint, find(checkpoint.id)
    finally:
        engine.dispose()


def _run(source: ModelFolder, task: Task, protocol: Protocol, setting: Setting) -> _Measured:
    with reproducible(setting.seed):
        torch.set_num_threads(setting.threads)
        model = load_model(source.path, task.classes if protocol.facts.new_head else None, setting.seed)
        if (setting.dtype, setting.device) != (torch.float32, "cpu"):
            model.to(setting.device, setting.dtype)
            model.register_forward_pre_hook(_inputs_to(setting))
        subject = Subject(model, source.config.classifier, source.config.preprocessing)
        evaluation = protocol.run(subject, task, setting.seed, setting.batch_divisor)
        predictions = {}
        for condition, images in task.image_sets().items():
            logits, labels = task.judged(evaluation.logits[condition], images.labels)
            predictions[condition] = Predictions.from_logits(
                tuple(images.ids), labels, logits, condition, evaluation.temperature, keep=task.keep
            )
    return _Measured(predictions, _value(task, predictions))


def _inputs_to(setting: Setting) -> Callable[[nn.Module, tuple[Any, ...]], tuple[Any, ...]]:
    def cast(_: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(x.to(setting.device, setting.dtype) if isinstance(x, Tensor) else x for x in inputs)

    return cast


def _value(task: Task, predictions: Mapping[str, Predictions]) -> float | None:
    """The mean over conditions of the primary metric, where it is one of single images."""
    metric = METRICS[task.primary_metric.rpartition("@")[0]]
    if not isinstance(metric, SampleMetric):
        return None
    return float(np.mean([metric.compute(one) for one in predictions.values()]))


def _compared(setting: Setting, base: _Measured, other: _Measured) -> Perturbed:
    pairs = [(one, other.predictions[name]) for name, one in base.predictions.items()]
    return Perturbed(
        kind=setting.kind,
        setting=setting.name,
        n=sum(len(one) for one, _ in pairs),
        flipped=sum(flips_between(one, two) for one, two in pairs),
        judged=sum(int((_right(one) != _right(two)).sum()) for one, two in pairs),
        difference=None if base.value is None or other.value is None else other.value - base.value,
        largest_change=max(_largest_change(one, two) for one, two in pairs),
    )


def _right(predictions: Predictions) -> Any:
    return predictions.samples.columns.true_rank == 0


def _largest_change(one: Predictions, two: Predictions) -> float:
    return float(np.abs(one.samples.columns.max_logit - two.samples.columns.max_logit).max())
