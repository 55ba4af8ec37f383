"""What a query can ask of a model: one table for the parser, the SQL, the help and the documentation."""

from dataclasses import dataclass
from enum import Enum
from typing import get_args

from ..records import Availability, Trust

SAME_TARGET = 5e-3
"""Targets of sparsity have two decimals, as slugs: a model of "90 %" was made at 0.8993, and is meant by 0.9."""


class Kind(Enum):
    """How a field's values are written and compared."""

    TEXT = "text"
    CHOICE = "choice"
    FRACTION = "fraction"
    COUNT = "count"
    BYTES = "bytes"
    FLOPS = "flops"
    NUMBER = "number"
    METRIC = "metric"

    @property
    def is_text(self) -> bool:
        """Compared as a whole, in any letter case, with ``=`` and ``!=`` only."""
        return self in (Kind.TEXT, Kind.CHOICE)


@dataclass(frozen=True)
class Field:
    """One field: ``meaning`` is its line in the documentation; ``single`` fields have one value a model at most."""

    name: str
    kind: Kind
    meaning: str
    choices: tuple[str, ...] = ()
    single: bool = True


FIELDS = {
    field.name: field
    for field in (
        Field("name", Kind.TEXT, "the slug or the Hub id", single=False),
        Field("method", Kind.TEXT, "the pruning method"),
        Field("family", Kind.TEXT, "the family of the method"),
        Field("architecture", Kind.TEXT, "the network"),
        Field("owner", Kind.TEXT, "who made the model"),
        Field("parent", Kind.TEXT, "the slug or the Hub id of the dense model it was pruned from", single=False),
        Field("licence", Kind.TEXT, "the licence of the weights"),
        Field("upstream", Kind.TEXT, "the data that its network was trained on first"),
        Field(
            "trained_on", Kind.TEXT, "any data that it is declared to have been trained on (one such is enough)",
            single=False,
        ),
        Field("pattern", Kind.TEXT, "how the zeros lie: `unstructured`, `2:4` …"),
        Field("availability", Kind.CHOICE, "how one gets the checkpoint", get_args(Availability)),
        Field(
            "trust", Kind.CHOICE, "how a result of the model came about (one such result is enough)",
            get_args(Trust), single=False,
        ),
        Field("replicate", Kind.COUNT, "the number of the run, of several that differ in the seed alone"),
        Field("sparsity", Kind.FRACTION, "the target: zeros among the prunable weights"),
        Field("sparsity.prunable", Kind.FRACTION, "measured: zeros among the prunable weights"),
        Field("sparsity.total", Kind.FRACTION, "measured: zeros among all parameters"),
        Field("sparsity.stored", Kind.FRACTION, "measured: zeros among all stored values, running statistics in"),
        Field("bytes", Kind.BYTES, "the smallest published file"),
        Field("bytes.sparse", Kind.BYTES, "the published sparse file"),
        Field("bytes.dense", Kind.BYTES, "the tensors with every zero written out"),
        Field("parameters", Kind.COUNT, "all parameters, zeros in (of the network, where no checkpoint was measured)"),
        Field("nonzeros", Kind.COUNT, "parameters that are not zero"),
        Field("dead_channels", Kind.COUNT, "output channels without a weight"),
        Field("flops", Kind.FLOPS, "operations for one image, zeros skipped; multiplications and additions apart"),
        Field("flops.dense", Kind.FLOPS, "operations for one image, zeros computed too"),
        Field("epochs", Kind.NUMBER, "epochs of training"),
        Field("upstream_top1", Kind.FRACTION, "accuracy on the data it was trained on, as its source states it"),
    )
}  # fmt: skip

_WITH_VARIANTS = {name.partition(".")[0] for name in FIELDS if "." in name}


def kind_of(name: str) -> Kind | None:
    """The kind of a field; a name with a dot is a metric (``task.metric``), and None is no field at all.

    >>> kind_of("bytes"), kind_of("imagenet.top1"), kind_of("sparsity.prunabel"), kind_of("colour")
    (<Kind.BYTES: 'bytes'>, <Kind.METRIC: 'metric'>, None, None)
    """
    if name in FIELDS:
        return FIELDS[name].kind
    head, dot, _ = name.partition(".")
    return Kind.METRIC if dot and head not in _WITH_VARIANTS else None
