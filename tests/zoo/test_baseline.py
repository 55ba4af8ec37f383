"""Controls: the budget is equal, the mask is what was said, and nothing else is taken over."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from digit_models import write_digit_models
from small_models import dense, pruned

from prunarium.cli import run
from zoo.baseline import KINDS, controls_for
from zoo.checkpoint.config import Provenance
from zoo.checkpoint.folder import ModelFolder, read_folder
from zoo.core.errors import UsageError
from zoo.errors import ParentMissingError
from zoo.flops import forward_flops
from zoo.make import make_model
from zoo.models import build, load_model
from zoo.prunable import prunable_parameters
from zoo.request import Request

EQUAL = "equal-epochs-s0"


def kept(path: Path) -> dict[str, torch.Tensor]:
    return {name: weight.detach() != 0 for name, weight in prunable_parameters(load_model(path)).items()}


def counts(path: Path) -> dict[str, int]:
    return {name: int(mask.sum()) for name, mask in kept(path).items()}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A dense parent (2 epochs), a gradually pruned child (1 epoch), and RigL (1 epoch), all with seed 0."""
    out = tmp_path_factory.mktemp("models")
    parent = make_model(dense(out, epochs=2)).path
    make_model(pruned(out, parent, "laplace-snr"))
    make_model(pruned(out, parent, "rigl"))
    return out


@pytest.fixture(scope="module")
def made(models: Path) -> dict[str, ModelFolder]:
    """The controls of the child, by folder name; made by the command."""
    model = models / "laplace-snr-resnet8-digits-0.90-s0"
    assert run(["zoo", "baseline", "--for", str(model), "--device", "cpu"]) == 0
    return {path.name: read_folder(path) for path in models.glob("*-for-laplace-snr-*")}


def provenance(made: dict[str, ModelFolder], name: str) -> Provenance:
    return made[name].provenance


def test_the_controls_are_siblings_and_say_what_they_are(made: dict[str, ModelFolder], models: Path) -> None:
    model = read_folder(models / "laplace-snr-resnet8-digits-0.90-s0").provenance
    assert sorted(made) == [
        "gmp-resnet8-digits-0.90-for-laplace-snr-equal-epochs-s0",
        "random-mask-resnet8-digits-0.90-for-laplace-snr-equal-epochs-s0",
        "same-mask-resnet8-digits-0.90-for-laplace-snr-equal-epochs-s0",
        "same-mask-resnet8-digits-0.90-for-laplace-snr-equal-flops-s0",
    ]
    for folder in made.values():
        found = folder.provenance
        assert (found.parent, found.parent_hash) == (model.parent, model.parent_hash)
        assert (found.data_sha256, found.sparsity_target) == (model.data_sha256, model.sparsity_target)
        assert found.training is not None
        assert found.training.control_for == model.slug
        assert found.title.endswith("control of laplace-snr/resnet8-digits/0.90-s0")
    same = provenance(made, f"same-mask-resnet8-digits-0.90-for-laplace-snr-{EQUAL}")
    assert (same.method, same.family, same.slug) == (
        "same-mask",
        "control",
        f"same-mask/resnet8-digits/0.90-for-laplace-snr-{EQUAL}",
    )
    assert same.method_config["of"] == model.slug


def test_budgets_are_the_parents_and_the_models(made: dict[str, ModelFolder], models: Path) -> None:
    parent = read_folder(models / "dense-resnet8-digits-0.00-s0").provenance
    model = read_folder(models / "laplace-snr-resnet8-digits-0.90-s0").provenance
    assert parent.training_flops is not None
    assert model.training_flops is not None
    for method in ("same-mask", "random-mask"):
        found = provenance(made, f"{method}-resnet8-digits-0.90-for-laplace-snr-{EQUAL}")
        assert found.epochs == 3
        assert found.training is not None
        assert found.training.config["epochs"] == 3
        assert found.training.from_scratch
    magnitude = provenance(made, f"gmp-resnet8-digits-0.90-for-laplace-snr-{EQUAL}")
    assert magnitude.epochs == model.epochs == 1  # after the parent's two
    assert magnitude.training is not None
    assert not magnitude.training.from_scratch
    longer = provenance(made, "same-mask-resnet8-digits-0.90-for-laplace-snr-equal-flops-s0")
    assert longer.training_flops is not None
    assert longer.epochs is not None
    budget = parent.training_flops + model.training_flops
    assert abs(longer.training_flops - budget) <= 0.5 * longer.training_flops / longer.epochs
    assert longer.epochs > 3


def test_the_same_mask_is_the_same_and_the_random_one_has_its_densities(
    made: dict[str, ModelFolder], models: Path
) -> None:
    model = models / "laplace-snr-resnet8-digits-0.90-s0"
    for budget in ("epochs", "flops"):
        same = kept(models / f"same-mask-resnet8-digits-0.90-for-laplace-snr-equal-{budget}-s0")
        wanted = kept(model)
        assert all(not bool((same[name] & ~wanted[name]).any()) for name in wanted)
        assert sum(int(mask.sum()) for mask in same.values()) >= 0.99 * sum(counts(model).values())
    random = models / f"random-mask-resnet8-digits-0.90-for-laplace-snr-{EQUAL}"
    assert {name: abs(counts(random)[name] - count) <= 2 for name, count in counts(model).items()} == dict.fromkeys(
        counts(model), True
    )
    assert any(not torch.equal(kept(random)[name], mask) for name, mask in kept(model).items())


def test_controls_of_a_model_from_scratch_are_trained_as_it_was(models: Path, tmp_path: Path) -> None:
    model = models / "rigl-resnet8-digits-0.90-s0"
    requests = controls_for(model, out=tmp_path)
    assert [request.method for request in requests] == ["same-mask", "same-mask", "random-mask", "gmp"]
    own = read_folder(model).provenance
    for request in requests:
        train = request.resolve().train
        assert (train.seed, train.learning_rate) == (0, 0.2)
        assert request.method == "same-mask" or train.epochs == 1
    found = make_model(requests[3])
    folder = read_folder(found.path).provenance
    assert folder.slug == f"gmp/resnet8-digits/0.90-for-rigl-{EQUAL}"
    assert folder.training is not None
    assert folder.training.from_scratch
    assert folder.method_config["begin"] == 0.3125
    dense_step = (
        3
        * 64
        * forward_flops({name: mask.numel() for name, mask in kept(model).items()}, read_folder(model).config.positions)
    )
    assert folder.training_flops is not None
    assert own.training_flops is not None
    assert own.training_flops < folder.training_flops < 7 * dense_step


def test_a_control_starts_from_other_weights_than_its_model(models: Path, tmp_path: Path) -> None:
    control = next(iter(controls_for(models / "rigl-resnet8-digits-0.90-s0", out=tmp_path, kinds=["same-mask"])))
    assert control.control is not None
    slow = replace(control.control.recipe.train, epochs=1, learning_rate=1e-30, warmup_epochs=0.0)
    still = replace(control, control=replace(control.control, recipe=replace(control.control.recipe, train=slow)))
    weights = dict(load_model(make_model(still).path).named_parameters())
    own = dict(build("resnet8-digits", 5, 0).named_parameters())
    left = weights["layer2.conv1.weight"] != 0
    assert not bool((weights["layer2.conv1.weight"] == own["layer2.conv1.weight"])[left].any())


def test_what_is_there_is_reused_and_a_magnitude_model_is_its_own_control(
    made: dict[str, ModelFolder], models: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = models / "laplace-snr-resnet8-digits-0.90-s0"
    command = ["zoo", "baseline", "--for", str(model), "--controls", "same-mask, magnitude", "--device", "cpu"]
    assert run([*command, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["reused"] for row in rows] == [True, True]
    parent = models / "dense-resnet8-digits-0.00-s0"
    gmp = make_model(pruned(models, parent)).path
    assert {request.method for request in controls_for(gmp)} == {"same-mask", "random-mask"}
    assert run(["zoo", "baseline", "--for", str(gmp), "--controls", "magnitude"]) == 2
    assert "its own magnitude control" in capsys.readouterr().err


def test_mistakes_are_one_clear_error(models: Path, tmp_path: Path) -> None:
    model = models / "rigl-resnet8-digits-0.90-s0"
    with pytest.raises(UsageError, match=r"no control same\.\nThere are: same-mask, same-mask-flops"):
        controls_for(model, kinds=["same"])
    with pytest.raises(UsageError, match="is dense"):
        controls_for(models / "dense-resnet8-digits-0.00-s0")
    with pytest.raises(ParentMissingError, match=r"does not hold dense/resnet8-digits/0\.00-s0.*\n.*--parents FOLDER"):
        controls_for(model, parents=tmp_path)
    make_model(dense(tmp_path, epochs=1))
    with pytest.raises(ParentMissingError, match="is another network than the one that was pruned"):
        controls_for(model, parents=tmp_path)
    (untold,) = write_digit_models(tmp_path, [0.9], epochs=1)
    with pytest.raises(UsageError, match="does not say how it was trained"):
        controls_for(untold.path)
    assert set(KINDS) == {"same-mask", "same-mask-flops", "random-mask", "magnitude"}


def test_a_control_is_no_request_of_its_own(models: Path) -> None:
    with pytest.raises(UsageError, match="There is no pruning method 'same-mask'"):
        Request("same-mask", "resnet8-digits", "digits:0-4", 0.9, 0, models).resolve()
