"""What the same evaluation differs by when nothing that matters is changed; it judges two runs of one job.

A *flip* is an image whose predicted class differs. Free of torch: measuring it is :mod:`benchmark.noise`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np

from registry.settings import Settings
from zoo.checkpoint.errors import ConfigError
from zoo.checkpoint.strict import decode, dump_json, read_json
from zoo.core.files import atomic_file

from .errors import NotMeasuredError
from .predictions import Predictions

SCHEMA: Final = 1
ROUNDING: Final = ("batch", "threads", "precision", "device")
"""Kinds of perturbation that change the rounding of float32 alone.

``precision`` computes in float64; ``dtype`` in another type than jobs do; ``seed`` changes what is drawn.
"""

Verdict = Literal["equal bits", "within the noise floor", "beyond the noise floor"]


@dataclass(frozen=True, kw_only=True)
class Perturbed:
    """One run with one thing changed: ``setting`` of ``kind``, of ``n`` images.

    ``flipped`` predictions, of which ``judged`` changed from right to wrong or back; ``difference`` of the primary
    metric from the unperturbed run, None where that is no number of single images; ``largest_change`` of any image's
    largest logit.
    """

    kind: str
    setting: str
    n: int
    flipped: int
    judged: int
    difference: float | None
    largest_change: float


@dataclass(frozen=True, kw_only=True)
class NoiseFloor:
    """The floor of one checkpoint on a task by a protocol, on one machine."""

    schema: int = SCHEMA
    model: str
    densified_hash: str
    task: str
    protocol: str
    metric: str
    value: float | None
    device: str
    packages: dict[str, str]
    runs: tuple[Perturbed, ...]

    def flips(self, kinds: Sequence[str] = ROUNDING) -> float:
        """The largest share of flips among runs of these kinds."""
        return max((run.flipped / run.n for run in self.runs if run.kind in kinds), default=0.0)

    def spread(self, kinds: Sequence[str] = ROUNDING) -> float:
        """The largest difference of the primary metric among them."""
        return max((abs(run.difference or 0.0) for run in self.runs if run.kind in kinds), default=0.0)

    def to_json(self) -> dict[str, Any]:
        """JSON types only."""
        return {**asdict(self), "runs": [asdict(run) for run in self.runs]}


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Two runs of one job: how many of ``n`` images flip, and how many the floor allows."""

    verdict: Verdict
    n: int
    flipped: int
    allowed: int


def agreement(
    first: Mapping[str, Predictions], second: Mapping[str, Predictions], floor: NoiseFloor | None
) -> Agreement:
    """Whether two runs gave the same results, by condition: equal bits, or no more flips than the floor shows.

    Without a floor nothing but equal bits is the same. Raises :class:`~benchmark.errors.NotMeasuredError` where they
    are not of the same images.
    """
    if {name: run.ids for name, run in first.items()} != {name: run.ids for name, run in second.items()}:
        raise NotMeasuredError("The two runs are not of the same images.")
    n = sum(len(run) for run in first.values())
    flipped = sum(flips_between(run, second[name]) for name, run in first.items())
    allowed = 0 if floor is None else int(np.ceil(floor.flips() * n))
    equal = all(run.array_hash() == second[name].array_hash() for name, run in first.items())
    verdict: Verdict = "equal bits" if equal else "within the noise floor"
    if not equal and (floor is None or flipped > allowed):
        verdict = "beyond the noise floor"
    return Agreement(verdict=verdict, n=n, flipped=flipped, allowed=allowed)


def flips_between(first: Predictions, second: Predictions) -> int:
    """How many predicted classes differ."""
    return int((first.samples.columns.argmax != second.samples.columns.argmax).sum())


def store(floor: NoiseFloor, settings: Settings) -> Path:
    """Write the floor where :func:`find` looks; a new measurement takes the place of the old one."""
    path = _path(settings, floor.model, floor.task, floor.protocol)
    with atomic_file(path, shared=True) as temporary:
        temporary.write_bytes(dump_json(floor.to_json()))
    return path


def find(settings: Settings, model: str, task: str, protocol: str) -> NoiseFloor | None:
    """The floor that was measured here for a model on a task by a protocol, or None."""
    path = _path(settings, model, task, protocol)
    if not path.exists():
        return None
    floor = decode(NoiseFloor, read_json(path), str(path))
    if floor.schema != SCHEMA:
        raise ConfigError(f"{path}: schema {floor.schema}, this version reads schema {SCHEMA}.")
    return floor


def _path(settings: Settings, model: str, task: str, protocol: str) -> Path:
    name = re.sub(r"[^A-Za-z0-9@.-]+", "_", f"{model}--{task}--{protocol}")
    return settings.home / "noise" / f"{name}.json"
