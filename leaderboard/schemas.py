"""What the API answers. Field names are stable; shares are fractions, changes are in the unit beside them."""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from registry.records import CheckpointRecord, MetricMeant, RevisionRecord


class Schema(BaseModel):
    """Frozen, and nothing but the declared fields."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class TaskChange(Schema):
    """The error change on one task; ``missing`` says why there is none."""

    task: str
    change: float | None
    low: float | None
    high: float | None
    missing: str | None


class SideValue(Schema):
    """The mean over a complete set of transfer tasks for one kind of protocol."""

    change: float | None
    low: float | None
    high: float | None
    unit: Literal["%", "points"]
    interval: str | None
    missing: str | None
    median: float | None
    rank_best: int | None
    rank_worst: int | None
    error: float | None
    log_odds: float | None
    tasks: list[TaskChange]


class FactValue(Schema):
    """A number beside the two sides, in its metric's unit."""

    title: str
    value: float | None
    missing: str | None


class BoardRow(Schema):
    """A checkpoint, or the replicates of one."""

    name: str
    models: list[str]
    title: str
    method: str
    family: str
    architecture: str
    sparsity: float
    trust: list[str]
    linear: SideValue | None
    full: SideValue | None
    facts: dict[str, FactValue]
    front: bool | None
    availability: str
    availability_detail: str | None
    caveat: str | None


class BoardAnswer(Schema):
    """A board: the query as it was understood, the first line, the rows in their order, the dense yardsticks.

    ``total`` counts all rows of the view; ``rows`` are those of one page only where the query asks for it. ``front``
    says of a row whether nothing else is resolvably better in every way, None where no interval lets one judge.
    """

    suite: str | None
    architecture: str | None
    sparsity: float | None
    trust: str
    sort: str | None
    headline: str
    catalogue: str
    budget: float | None
    q: str | None
    total: int
    rows: list[BoardRow]
    dense: list[BoardRow]


class Chosen(Schema):
    """A checkpoint that fits: its error change against dense, its rank among all that fit, how to get it."""

    name: str
    sparsity: float
    change: float | None
    low: float | None
    high: float | None
    unit: Literal["%", "points"]
    rank_best: int | None
    rank_worst: int | None
    licence: str | None
    commands: list[str]


class ChoiceAnswer(Schema):
    """``best`` cannot be told apart, the sparsest first; ``others`` fit and are worse or have no interval."""

    why: str
    suite: str | None
    best: list[Chosen]
    others: list[Chosen]


class ComparedModel(Schema):
    """A model of a comparison; ``runs`` counts the training runs (replicates) that it is one of."""

    name: str
    label: str
    runs: int
    facts: dict[str, FactValue]


class ComparedCell(Schema):
    """One model's value (mean over seeds), and how it stands against the reference: value minus reference.

    ``paired``: the interval is of resamples of the same images; else both intervals were joined as independent ones.
    ``missing`` says why there is no value, ``no_interval`` why the difference has no interval.
    """

    model: str
    value: float | None
    missing: str | None
    n: int | None
    runs: int
    trust: str
    difference: float | None
    low: float | None
    high: float | None
    paired: bool | None
    verdict: str | None
    no_interval: str | None


class ComparedTask(Schema):
    """One metric of one task by one protocol; models without any result are left out."""

    task: str
    protocol: str
    metric: str
    unit: str
    cells: list[ComparedCell]


class ChangedClass(Schema):
    """One class: its images, the shares that model and reference get right, images lost and gained."""

    label: int
    name: str | None
    n: int
    model: float
    reference: float
    lost: int
    gained: int
    p: float | None


class ComparedImages(Schema):
    """The images that only the reference gets right (``lost``) and that only the model does (``gained``), by id.

    ``p_mid`` is McNemar's, of one seed each; with several ``no_test`` says what to read. ``resolution`` is the smallest
    difference of accuracies that this many images resolve. All is null for a ``missing`` reason.
    """

    task: str
    protocol: str
    model: str
    n: int | None
    p_mid: float | None
    no_test: str | None
    disagreement: float | None
    resolution: float | None
    lost: list[str] | None
    gained: list[str] | None
    classes: list[ChangedClass] | None
    missing: str | None


class ComparedMean(Schema):
    """The mean over the tasks that all of the models were measured on by one protocol; ``left_out`` are the others."""

    protocol: str
    tasks: list[str]
    left_out: list[str]
    values: dict[str, float]
    differences: dict[str, float]
    half_widths: dict[str, float | None]


class CompareAnswer(Schema):
    """Two to five models side by side, held against ``against``; ``alone`` are tasks that only one was measured on."""

    against: str
    catalogue: str
    models: list[ComparedModel]
    tasks: list[ComparedTask]
    images: list[ComparedImages]
    means: list[ComparedMean]
    alone: list[str]


class RobustnessRow(Schema):
    """A model on a shift, in fractions: ``robustness`` is the shifted accuracy less what the line expects.

    ``low`` and ``high`` are the line's own 95 % uncertainty; ``extrapolated``: no fitted model is as accurate.
    ``change`` is the error under shift less the dense parent's, ``change_half`` half of its 95 % interval.
    """

    model: str
    method: str
    architecture: str
    sparsity: float
    protocol: str
    seed: int | None
    accuracy: float
    shifted: float
    expected: float | None
    robustness: float | None
    low: float | None
    high: float | None
    extrapolated: bool | None
    missing: str | None
    change: float | None
    change_half: float | None


class RobustnessAnswer(Schema):
    """All models on a shifted set, the most robust first; ``line`` names the models that it was fitted to."""

    shift: str
    source_task: str
    line: str | None
    catalogue: str
    models: list[RobustnessRow]


class ModelAnswer(Schema):
    """A model as the catalogue knows it: the fields of :class:`registry.records.ModelRecord`, and its name."""

    name: str
    slug: str | None
    hub_id: str | None
    title: str
    owner: str
    method: str
    architecture: str
    sparsity: float
    pattern: str
    replicate: int
    parent: str | None
    licence: str | None
    upstream_data: str | None
    upstream_top1: float | None
    upstream_top1_source: str | None
    training_epochs: float | None
    training_flops: float | None
    label_smoothing: float | None
    distillation: str | None
    source_url: str | None
    source_sha256: str | None
    source_licence: str | None
    recipe: str | None
    availability: str
    availability_detail: str | None
    caveat: str | None


class TaskAnswer(Schema):
    """A task version."""

    ref: str
    kind: str
    title: str
    classes: int | None
    n_test: int | None
    primary_metric: str | None
    licence: str | None
    citation: str | None
    source: str | None
    superseded_by: str | None


class ResultAnswer(Schema):
    """One value, or the reason why there is none."""

    model: str
    task: str
    protocol: str
    metric: str
    condition: str
    seed: int | None
    value: float | None
    missing_reason: str | None
    n: int | None
    runs: int
    std: float | None
    ci_low: float | None
    ci_high: float | None
    interval_method: str | None
    no_interval_reason: str | None
    trust: str
    source: str | None


class FoundModel(ModelAnswer):
    """A model that a query found; ``values`` are those of the fields and metrics that the query names, and bytes."""

    values: dict[str, float | str | None]


class ModelList(Schema):
    """A page of models; ``next`` is the address of the following one.

    ``metrics`` says which versions the query's metrics meant; null stands for one of which no model has a value.
    ``notes`` say why nothing was found: a value that no model has, and the nearest one.
    """

    total: int
    next: str | None
    models: list[FoundModel]
    metrics: dict[str, MetricMeant | None]
    notes: list[str]


class TaskList(Schema):
    """All tasks."""

    tasks: list[TaskAnswer]


class ResultList(Schema):
    """A page of results; ``next`` is the address of the following one."""

    total: int
    next: str | None
    results: list[ResultAnswer]


class ModelDetail(Schema):
    """A model with its current checkpoint, the files that hold it (newest commit first), and all its results."""

    model: ModelAnswer
    checkpoint: CheckpointRecord | None
    revisions: list[RevisionRecord]
    results: list[ResultAnswer]
