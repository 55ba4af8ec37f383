"""The robustness tables: which task, protocol and metric a row is, and which model it speaks of."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import Any

from ..errors import InvalidRecordError
from ..records import ModelRecord, ProtocolRecord, ResultRecord, ShiftRecord, TaskRecord
from ..statistics import wilson
from ._files import catalogue, table
from ._placing import Named, Placing

_TABLES = {"published_ood.csv": "reported", "published_ood_derived.csv": "derived"}
_TIMM_SIZE = re.compile(r"img=(\d+) ")
_FAMILY = re.compile(r"CIFAR-100?")
_CAUTION = "CAUTION"
_UPSTREAM = ("imagenet", "cifar10", "cifar100")
_PROTOCOL_SIZE = re.compile(r"@timm-(\d+)$")
_NO_INTERVAL = {
    "mean-top1@1": "a mean over conditions of the same images needs predictions for an interval",
    "mce-official-alexnet@1": "a ratio of summed errors needs predictions for an interval",
    "mce-robustbench-alexnet@1": "a ratio of summed errors needs predictions for an interval",
    "top1-error@1": "its source does not say on how many images",
}


@dataclass(frozen=True)
class Robustness:
    """What the tables hold: models by slug, and their results in the order of the rows."""

    models: Mapping[str, ModelRecord]
    results: tuple[ResultRecord, ...]


@cache
def facts() -> Mapping[str, Any]:
    """``robustness.toml``."""
    return tomllib.loads((files(__package__) / "robustness.toml").read_text(encoding="utf-8"))


def robustness() -> Robustness:
    """Every row of both tables.

    Raises :class:`InvalidRecordError` for a row that no task, metric or reader of names knows, and where two rows of
    one model contradict each other in what they say of it.
    """
    titles = {
        name: entry["title"]
        for document in (catalogue(), facts())
        for kind in ("architectures", "methods")
        for name, entry in document[kind].items()
    }
    placed, places = cache(Placing(facts(), titles).model), _places()
    models: dict[str, ModelRecord] = {}
    cautions: dict[str, str] = {}
    sizes: dict[str, int] = {}
    results = []
    for trust, row in _rows():
        model = placed(row["source"], Named(row["model"], float(row["sparsity"]), _family(row), row["eval_note"]))
        slug = str(model.slug)
        known = models.setdefault(slug, model)
        if known is not model and replace(known, recipe=None) != replace(model, recipe=None):
            raise InvalidRecordError(f"Two names mean {slug}: {models[slug].title!r} and {model.title!r}.")
        size = _size(row)
        if model.recipe is not None and size is not None and size < sizes.setdefault(slug, size):
            # Of two resolutions the lower one is that of the training.
            sizes[slug], models[slug] = size, model
        task = places.get((row["source"], row["dataset"], row["variant"]))
        if task is None:
            raise InvalidRecordError(f"{row['source']}: no task is {row['dataset']}, {row['variant']}.")
        if row["label_space"] != task["label_space"]:
            raise InvalidRecordError(f"{row['dataset']} of {row['source']}: another label space: {row['label_space']}.")
        if task.get("remark", "").startswith(_CAUTION):
            cautions[slug] = f"{task['title']}: {task['remark']}"
        results.append(_result(row, trust, slug, task))
    models |= {slug: replace(models[slug], caveat=caution) for slug, caution in cautions.items()}
    for slug, (_, accuracy, source) in _upstream(results).items():
        models[slug] = replace(models[slug], upstream_top1=accuracy, upstream_top1_source=source)
    return Robustness(models, tuple(results))


def _upstream(results: Iterable[ResultRecord]) -> Mapping[str, tuple[int, float, str]]:
    """Model -> image side (0: not told), accuracy on what it was trained on, source; of two sides that of training."""
    found: dict[str, tuple[int, float, str]] = {}
    for row in results:
        if row.task.partition("@")[0] in _UPSTREAM and row.value is not None:
            accuracy = row.value if row.metric == "top1@1" else round(1 - row.value, 6)
            size = _PROTOCOL_SIZE.search(row.protocol)
            told = (int(size[1]) if size else 0, accuracy, f"{row.source}, {row.protocol}")
            found[row.model] = min(told, found.get(row.model, told))
    return found


def robustness_tasks() -> Iterator[TaskRecord]:
    """The tasks of the tables; a task of one source is never that of another."""
    sources = {told["version"]: name for name, told in facts()["sources"].items()}
    for task in facts()["tasks"]:
        manifest = {key: task[key] for key in ("label_space", "remark") if key in task}
        yield TaskRecord(
            name=task["name"],
            version=task["version"],
            kind=task["kind"],
            title=task["title"],
            classes=task["classes"],
            n_test=task.get("n_test"),
            primary_metric=f"{task['metric']}@1",
            source=f"https://github.com/{sources[task['version']]}",
            manifest=manifest,
        )


def robustness_shifts() -> Iterator[ShiftRecord]:
    """What each shifted task is compared with: the same label space without the shift."""
    for task in facts()["tasks"]:
        if "shifts" in task:
            reference = f"{task['name']}@{task['version']}"
            yield ShiftRecord(task=reference, source_task=task["shifts"], regenerated=False, conditions=())


def robustness_protocols() -> Iterator[ProtocolRecord]:
    """``as-published`` once per source, and for timm once per resolution."""
    for version, protocol in facts()["protocols"].items():
        for size in protocol.get("sizes", [""]):
            yield ProtocolRecord(
                name="as-published",
                version=f"{version}-{size}" if size else version,
                kind="as_published",
                title=protocol["title"].format(size=size),
                facts={key: text.format(size=size) for key, text in protocol["facts"].items()},
            )


def _rows() -> Iterator[tuple[str, Mapping[str, str]]]:
    for name, trust in _TABLES.items():
        for row in table(name):
            yield trust, row


def _places() -> Mapping[tuple[str, str, str], Mapping[str, Any]]:
    """(source, dataset, variant) of a row -> its task."""
    sources = {told["version"]: name for name, told in facts()["sources"].items()}
    return {(sources[task["version"]], task["dataset"], task["variant"]): task for task in facts()["tasks"]}


def _family(row: Mapping[str, str]) -> str:
    """What the network was trained on, as far as it is told by what it is tested on."""
    found = _FAMILY.match(row["dataset"])
    return found[0] if found else "ImageNet"


def _size(row: Mapping[str, str]) -> int | None:
    """The side of the images in pixels, as timm notes it; the other sources do not."""
    found = _TIMM_SIZE.search(row["eval_note"])
    return None if found is None else int(found[1])


def _result(row: Mapping[str, str], trust: Any, slug: str, task: Mapping[str, Any]) -> ResultRecord:
    metric, divisor = facts()["published_metrics"][row["metric"]]
    value = float(Decimal(row["value"]) / divisor)
    version, n_test = task["version"], task.get("n_test")
    size = f"-{_size(row)}" if version == "timm" else ""
    how = f", {row['metric'].partition('derived: ')[2].rstrip(')')}" if trust == "derived" else ""
    return ResultRecord(
        model=slug,
        task=f"{task['name']}@{version}",
        protocol=f"as-published@{version}{size}",
        metric=metric,
        value=value,
        n=n_test if metric == "top1@1" else None,
        trust=trust,
        source=f"github {row['source']} @{row['commit'][:7]} {row['path']}{how}",
        provenance={
            "published_name": row["model"],
            "published_metric": row["metric"],
            "published_value": row["value"],
            **({"note": row["eval_note"]} if row["eval_note"] else {}),
        },
        **_interval(metric, value, n_test),
    )


def _interval(metric: str, value: float, n_test: int | None) -> Mapping[str, Any]:
    if metric == "top1@1" and n_test is not None:
        low, high = wilson(round(value * n_test), n_test)
        return {"ci_low": low, "ci_high": high, "interval_method": "wilson"}
    return {"no_interval_reason": _NO_INTERVAL.get(metric, "printed without a spread")}
