"""What a suite puts into the columns of a board."""

from dataclasses import dataclass, replace

from registry.records import SuiteRecord, TaskRecord

from .catalogue import Catalogue
from .cells import Side, TaskColumn
from .formats import unit_of

_TITLES = {
    "linear": ("Frozen backbone, linear probe", "Frozen"),
    "full": ("Full fine-tuning, mask kept", "Fine-tuned"),
}
# Beside a task's primary metric: what calibration is judged by, where it was measured.
_ALSO = {"upstream": ("nll", "ece15"), "cost": ("latency-ms",)}


@dataclass(frozen=True)
class FactColumn:
    """A number beside the two sides. With a ``task``: its metric by a protocol, averaged over a shift's conditions and
    over replicates; without: a fact of the model (``top1``, ``epochs``). ``usual`` ones are shown unless the address
    names others; ``meaning`` is the address of the definition."""

    key: str
    short: str
    title: str
    unit: str
    task: str = ""
    protocol: str = ""
    metric: str = ""
    usual: bool = True
    is_shifted: bool = False

    @property
    def meaning(self) -> str:
        """Where the column is explained."""
        return f"/about#metric-{self.metric}" if self.metric else f"/about#column-{self.key}"


OWN_COLUMNS = (
    FactColumn("top1", "ImageNet", "Top-1 accuracy of the checkpoint itself, as its authors state it", "%"),
    FactColumn("epochs", "Epochs", "Training epochs of the checkpoint, dense training included", ""),
    FactColumn("training-flops", "Training", "Operations of its whole training, as its maker counted them", "FLOPs"),
    FactColumn("bytes", "File", "The smallest published file: what a pull transfers", ""),
    FactColumn("runs", "Runs", "Training runs (replicates) in the row", ""),
)


def suite_cells(suite: SuiteRecord) -> list[tuple[str, str, tuple[str, ...]]]:
    """(task, protocol, metrics) of a suite, in its order; no metrics means all."""
    return [(cell["task"], cell["protocol"], tuple(cell.get("metrics") or ())) for cell in suite.content["cells"]]


def suite_sides(catalogue: Catalogue, suite: SuiteRecord) -> tuple[Side, ...]:
    """The transfer tasks by kind of protocol, frozen first; tasks without a primary metric cannot be averaged."""
    sides = []
    for kind, (title, short) in _TITLES.items():
        columns = tuple(
            TaskColumn(task, ref, protocol, task.primary_metric)
            for ref, protocol, _ in suite_cells(suite)
            if (task := catalogue.tasks.get(ref)) is not None
            and task.kind == "transfer"
            and task.primary_metric is not None
            and protocol in catalogue.protocols
            and catalogue.protocols[protocol].kind == kind
        )
        own = {column.protocol for column in columns} - {
            ref for ref, protocol in catalogue.protocols.items() if protocol.name == kind
        }
        if own:
            title = catalogue.protocols[min(own)].title
        if columns:
            sides.append(Side(kind, title, short, columns))
    return tuple(sides)


def fact_columns(catalogue: Catalogue, suite: SuiteRecord) -> tuple[FactColumn, ...]:
    """The suite's other tasks that have results (upstream accuracy and calibration, shift, out-of-distribution, cost),
    then what the models say of themselves: their accuracy and epochs usually where the suite has no such task.
    """
    columns = [
        _column(catalogue, task, ref, protocol, metric)
        for ref, protocol, _ in suite_cells(suite)
        if (task := catalogue.tasks.get(ref)) is not None and task.kind != "transfer"
        for metric in metrics_of(catalogue, task)
        if (ref, metric) in catalogue.measured_metrics
    ]
    unique = tuple({column.key: column for column in columns}.values())
    usual = () if unique else ("top1", "epochs")
    return (*unique, *(replace(column, usual=column.key in usual) for column in OWN_COLUMNS))


def _column(catalogue: Catalogue, task: TaskRecord, ref: str, protocol: str, metric_ref: str) -> FactColumn:
    metric = catalogue.metrics[metric_ref]
    short = _SHORT.get(metric.name, metric.title)
    if task.kind in ("shift", "ood"):
        short = f"{'Shifted' if task.kind == 'shift' else 'OOD'} {short}"
    unit = unit_of(metric.unit)
    return FactColumn(
        f"{task.name}-{metric.name}", short, f"{task.title}: {metric.title}", unit, ref, protocol, metric_ref,
        is_shifted=task.kind == "shift",
    )  # fmt: skip


_SHORT = {
    "top1": "top-1", "nll": "NLL", "ece15": "ECE", "auroc": "AUROC", "nonzeros": "Non-zeros", "latency-ms": "Latency",
}  # fmt: skip


def metrics_of(catalogue: Catalogue, task: TaskRecord) -> list[str]:
    """The primary metric and its companions, by reference; the newest version of a companion counts."""
    newest = {ref.partition("@")[0]: ref for ref in catalogue.metrics}
    wanted = [task.primary_metric] if task.primary_metric in catalogue.metrics else []
    wanted += [newest[name] for name in _ALSO.get(task.kind, ()) if name in newest]
    return list(dict.fromkeys(ref for ref in wanted if ref is not None))
