"""Every protocol: what it declares is what it does."""

import json
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import FrozenInstanceError, asdict, fields, is_dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pytest
import torch
from bundled_tasks import bundled_tasks
from torch import Tensor

from benchmark.protocols import PROTOCOLS, Evaluation, Protocol, Subject
from benchmark.reproducible import reproducible
from benchmark.sparsity import check_kept, fraction, zeros_of
from benchmark.tasks import Task
from zoo.checkpoint.folder import ModelFolder
from zoo.models import load_model


def _pairs() -> Iterator[tuple[Protocol, Task]]:
    for _, kind in PROTOCOLS.items():
        for task in bundled_tasks():
            if task.kind in kind.facts.task_kinds and task.image_sets():
                yield _quick(kind), task


def _quick(kind: type[Protocol]) -> Protocol:
    """The protocol as it comes, but with two networks where it draws many."""
    config = kind.config_type()
    return kind(replace(config, networks=2) if "networks" in {field.name for field in fields(config)} else config)


def _name(value: Protocol | Task) -> str:
    return value.facts.id if isinstance(value, Protocol) else value.id


every_protocol = pytest.mark.parametrize("protocol", [kind() for _, kind in PROTOCOLS.items()], ids=_name)
every_pair = pytest.mark.parametrize(("protocol", "task"), list(_pairs()), ids=_name)


class Run(NamedTuple):
    """One run of a protocol: what came out, and the model before and after."""

    evaluation: Evaluation
    before: dict[str, Tensor]
    after: dict[str, Tensor]
    zeros: dict[str, Tensor]
    zeros_after: dict[str, Tensor]

    def logits(self) -> np.ndarray:
        return np.concatenate([logits.values for logits in self.evaluation.logits.values()])


def _short(value: Any) -> Any:
    """A configuration of as little training as there is: what is tested here does not depend on how long it is."""
    if not is_dataclass(value) or isinstance(value, type):
        return value
    changes = {field.name: _short(getattr(value, field.name)) for field in fields(value)}
    if "epochs" in changes:
        changes["epochs"] = 2
    if "learning_rates" in changes:
        changes["learning_rates"] = changes["learning_rates"][:1]
    return replace(value, **changes)


def _run(protocol: Protocol, task: Task, model: ModelFolder, seed: int = 0, batch_divisor: int = 1) -> Run:
    classes = task.classes if protocol.facts.new_head else None
    classifier = model.config.classifier
    with reproducible(seed):
        subject = Subject(
            load_model(model.path, classes, seed), classifier, model.config.preprocessing, folder=model.path
        )
        before, zeros = deepcopy(subject.model.state_dict()), zeros_of(subject.model, without=classifier)
        evaluation = type(protocol)(_short(protocol.config)).run(subject, task, seed, batch_divisor)
    return Run(evaluation, before, subject.model.state_dict(), zeros, zeros_of(subject.model, without=classifier))


@pytest.fixture(scope="module")
def first_runs(digit_models: tuple[ModelFolder, ModelFolder]) -> dict[tuple[str, str], Run]:
    """Every pair once, with seed 0."""
    return {(pair[0].facts.id, pair[1].id): _run(*pair, digit_models[1]) for pair in _pairs()}


@every_protocol
def test_facts_are_complete(protocol: Protocol) -> None:
    assert PROTOCOLS[protocol.facts.id] is type(protocol)
    assert all(getattr(protocol.facts, field.name) != "" for field in fields(protocol.facts))
    assert protocol.facts.task_kinds


@every_protocol
def test_the_configuration_is_frozen_json_with_a_hash_of_every_field(protocol: Protocol) -> None:
    json.dumps(asdict(protocol.config))
    hashes = {protocol.config_hash()}
    for field in fields(protocol.config):
        with pytest.raises(FrozenInstanceError):
            setattr(protocol.config, field.name, 1)
        changed = replace(protocol.config, **{field.name: _other(getattr(protocol.config, field.name))})
        hashes.add(type(protocol)(changed).config_hash())
    assert len(hashes) == 1 + len(fields(protocol.config))
    assert type(protocol)(protocol.config_type()).config_hash() in hashes


def _other(value: Any) -> Any:
    """Another value of the same type."""
    if is_dataclass(value) and not isinstance(value, type):
        first = fields(value)[0].name
        return replace(value, **{first: _other(getattr(value, first))})
    if isinstance(value, bool):
        return not value
    return value[:-1] if isinstance(value, tuple) else value + 1


@every_pair
def test_logits_for_every_image_set_and_notes_in_json(
    protocol: Protocol, task: Task, first_runs: dict[tuple[str, str], Run]
) -> None:
    found = first_runs[protocol.facts.id, task.id].evaluation
    sets = task.image_sets()
    assert list(found.logits) == list(sets)
    for condition, images in sets.items():
        assert found.logits[condition].values.shape == (len(images.ids), task.classes)
    json.dumps(dict(found.notes), allow_nan=False)


@every_pair
def test_zeros_are_kept_and_only_what_is_declared_is_trained(
    protocol: Protocol, task: Task, first_runs: dict[tuple[str, str], Run]
) -> None:
    run = first_runs[protocol.facts.id, task.id]
    assert fraction(run.zeros) > 0.4
    check_kept(run.zeros, run.zeros_after)
    changed = {name for name, value in run.after.items() if not torch.equal(value, run.before[name])}
    assert bool(changed) == protocol.facts.trains.startswith("all weights"), changed


@every_pair
def test_a_second_run_gives_the_same_bits(
    protocol: Protocol, task: Task, sparse_model: ModelFolder, first_runs: dict[tuple[str, str], Run]
) -> None:
    first, second = first_runs[protocol.facts.id, task.id], _run(protocol, task, sparse_model)
    np.testing.assert_array_equal(second.logits(), first.logits())
    assert second.evaluation.notes == first.evaluation.notes
    assert second.evaluation.temperature == first.evaluation.temperature


@every_pair
def test_the_seed_matters_exactly_where_it_is_declared(
    protocol: Protocol, task: Task, sparse_model: ModelFolder, first_runs: dict[tuple[str, str], Run]
) -> None:
    other = _run(protocol, task, sparse_model, seed=1)
    same = np.array_equal(other.logits(), first_runs[protocol.facts.id, task.id].logits())
    assert same is not protocol.facts.seeded


# Training sees other batch statistics in pieces; test_finetune.py holds those to the whole.
@pytest.mark.parametrize(("protocol", "task"), [pair for pair in _pairs() if not pair[0].facts.seeded], ids=_name)
def test_smaller_batches_change_rounding_only(
    protocol: Protocol, task: Task, sparse_model: ModelFolder, first_runs: dict[tuple[str, str], Run]
) -> None:
    halved = _run(protocol, task, sparse_model, batch_divisor=16)
    np.testing.assert_allclose(halved.logits(), first_runs[protocol.facts.id, task.id].logits(), atol=1e-2)
