"""The sparsity passport as a value and as ``passport.json``."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal, TypeAlias, get_args, overload

from .encoded_sizes import ENCODINGS
from .errors import ConfigError
from .patterns import common_pattern
from .strict import decode

SCHEMA = 2

Denominator: TypeAlias = Literal["prunable", "total", "stored"]

# What schema 1 had not: a document of that schema is read with these unknown.
_NEW_IN_2 = ("stored_elements", "stored_nonzeros", "dead_channels", "encodings")
_NEW_IN_2_OF_LAYERS = ("pattern", "dead_channels")


@dataclass(frozen=True)
class Layer:
    """One parameter tensor: its size, what is left of it, and whether a method may prune it.

    ``pattern`` (:mod:`zoo.checkpoint.patterns`) and ``dead_channels``, the outputs whose weights are all zero, are None
    where a method may not prune, and where an old document did not say.
    """

    name: str
    shape: tuple[int, ...]
    elements: int
    nonzeros: int
    prunable: bool
    pattern: str | None = None
    dead_channels: int | None = None

    @property
    def sparsity(self) -> float:
        """Fraction of zeros (0 for an empty tensor)."""
        return _sparsity(self.nonzeros, self.elements)


@dataclass(frozen=True)
class Passport:
    """Counts and hashes of one checkpoint; :mod:`zoo.checkpoint.passport` defines and measures them.

    ``architecture`` and ``preprocessing_hash`` complete its identity and are None where no description was given.
    ``bytes_dense`` counts the tensor bytes, buffers in, header out; ``encodings`` are the bytes of other ways to write
    them (:mod:`zoo.checkpoint.encoded_sizes`). FLOPs (multiply and add apart) are None where the description has no
    output positions, or names layers that are not there. ``stored_*``, ``dead_channels`` and ``encodings`` are None
    where the passport was read from a document of schema 1, which had not measured them.
    """

    densified_hash: str
    mask_hash: str
    architecture: str | None
    preprocessing_hash: str | None
    pattern: str
    dtypes: tuple[str, ...]
    bytes_dense: int
    elements: int
    nonzeros: int
    prunable_elements: int
    prunable_nonzeros: int
    stored_elements: int | None
    stored_nonzeros: int | None
    dead_channels: int | None
    non_finite: int
    encodings: dict[str, int] | None
    flops_dense: int | None
    flops_sparse: int | None
    layers: tuple[Layer, ...]
    schema: int = SCHEMA

    @overload
    def sparsity(self, denominator: Literal["prunable", "total"] = "prunable") -> float: ...

    @overload
    def sparsity(self, denominator: Denominator) -> float | None: ...

    def sparsity(self, denominator: Denominator = "prunable") -> float | None:
        """Fraction of zeros by the named denominator: 0 where there is nothing to count, None where it is unknown."""
        if denominator == "prunable":
            return _sparsity(self.prunable_nonzeros, self.prunable_elements)
        if denominator == "total":
            return _sparsity(self.nonzeros, self.elements)
        if self.stored_elements is None or self.stored_nonzeros is None:
            return None
        return _sparsity(self.stored_nonzeros, self.stored_elements)

    def to_json(self) -> dict[str, Any]:
        """The document ``passport.json``: the counts, and the sparsities that follow from them."""
        document = asdict(self)
        layers = [{**row, "shape": list(row["shape"])} for row in document.pop("layers")]
        sparsity = {name: self.sparsity(name) for name in get_args(Denominator)}
        return {**document, "dtypes": list(self.dtypes), "sparsity": sparsity, "layers": layers}

    @classmethod
    def from_json(cls, value: Any, where: str = "passport.json") -> "Passport":
        """Strict: raises :class:`ConfigError` for unknown or mistyped fields and for sums that do not add up.

        A document of schema 1 is upgraded: what it did not say is unknown.
        """
        if not isinstance(value, dict):
            raise ConfigError(f"{where}: expected an object.")
        if value.get("schema") == 1:
            value = _upgraded(value, where)
        if value.get("schema") != SCHEMA:
            raise ConfigError(
                f"{where}: schema {value.get('schema')!r:.20}, this version reads schemas 1 and {SCHEMA}.",
                "Upgrade: pip install -U prunarium",
            )
        passport = decode(cls, {key: entry for key, entry in value.items() if key != "sparsity"}, where)
        wrong = [key for key, entry in passport.to_json().items() if value.get(key) != entry] or _wrong_sums(passport)
        if wrong:
            raise ConfigError(f"{where}: the document contradicts itself: {', '.join(wrong)}.")
        return passport

    def contradictions(self, measured: "Passport") -> list[str]:
        """The fields that this passport states and a measurement does not find; what it does not state is no claim."""
        wrong = []
        for field in fields(self):
            stated, found = getattr(self, field.name), getattr(measured, field.name)
            if field.name == "layers":
                wrong += _layer_contradictions(self.layers, measured.layers)
            elif field.name == "pattern" and self.encodings is None:
                continue  # schema 1 knew fewer patterns
            elif stated not in (None, found):
                wrong.append(field.name)
        return wrong


def _upgraded(value: dict[str, Any], where: str) -> dict[str, Any]:
    """A document of schema 1 as one of schema 2 whose new fields are unknown."""
    layers, sparsity = value.get("layers"), value.get("sparsity")
    if (
        not isinstance(sparsity, dict)
        or not isinstance(layers, list)
        or not all(isinstance(row, dict) for row in layers)
    ):
        raise ConfigError(f"{where}: expected an object 'sparsity' and a list of objects 'layers'.")
    foreign = {*_NEW_IN_2} & {*value} | {"stored"} & {*sparsity}
    foreign |= {key for row in layers for key in row if key in _NEW_IN_2_OF_LAYERS}
    if foreign:
        raise ConfigError(f"{where}: schema 1 has no {', '.join(sorted(foreign))}.")
    unknown = dict.fromkeys(_NEW_IN_2_OF_LAYERS)
    return {
        **value,
        **dict.fromkeys(_NEW_IN_2),
        "layers": [{**row, **unknown} for row in layers],
        "sparsity": {**sparsity, "stored": None},
        "schema": SCHEMA,
    }


def _wrong_sums(passport: Passport) -> list[str]:
    prunable = [layer for layer in passport.layers if layer.prunable]
    sums = {
        "elements": sum(layer.elements for layer in passport.layers),
        "nonzeros": sum(layer.nonzeros for layer in passport.layers),
        "prunable_elements": sum(layer.elements for layer in prunable),
        "prunable_nonzeros": sum(layer.nonzeros for layer in prunable),
    }
    if passport.encodings is not None:
        sums["dead_channels"] = sum(layer.dead_channels or 0 for layer in prunable)
        if list(passport.encodings) != list(ENCODINGS) or passport.encodings["dense"] != passport.bytes_dense:
            return ["encodings"]
        if passport.pattern != common_pattern(layer.pattern or "" for layer in prunable):
            return ["pattern"]
    return [name for name, total in sums.items() if getattr(passport, name) != total]


def _layer_contradictions(stated: Sequence[Layer], measured: Iterable[Layer]) -> list[str]:
    found = {layer.name: asdict(layer) for layer in measured}
    if [layer.name for layer in stated] != list(found):
        return ["layers"]
    return [
        f"{field} of {layer.name}"
        for layer in stated
        for field, value in asdict(layer).items()
        if value is not None and value != found[layer.name][field]
    ]


def _sparsity(nonzeros: int, elements: int) -> float:
    return 1 - nonzeros / elements if elements else 0.0
