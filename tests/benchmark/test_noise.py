"""The noise floor: measured on real networks, kept, and used to judge two runs."""

import json
from dataclasses import replace

import numpy as np
import pytest
from benchmark_catalogues import DigitCatalogue
from kept_predictions import ids_of_images, pair_of_logits

from benchmark.errors import NotMeasuredError
from benchmark.logits import Logits
from benchmark.noise import measure_noise, perturbations
from benchmark.noise_floor import NoiseFloor, Perturbed, agreement, find, flips_between, store
from benchmark.predictions import Predictions
from benchmark.protocols import PROTOCOLS
from prunarium.cli import run
from zoo.checkpoint.folder import ModelFolder
from zoo.core.errors import UsageError

GOOD, BAD, LABELS = pair_of_logits()
FLOOR = NoiseFloor(
    model="m", densified_hash="d1:0", task="t@1", protocol="linear@1", metric="top1@1", value=0.8, device="cpu",
    packages={},
    runs=(
        Perturbed(kind="batch", setting="2", n=300, flipped=3, judged=2, difference=0.001, largest_change=1e-6),
        Perturbed(kind="dtype", setting="bfloat16", n=300, flipped=90, judged=80, difference=-0.1, largest_change=1.0),
    ),
)  # fmt: skip


def predictions(values: np.ndarray) -> dict[str, Predictions]:
    return {"": Predictions.from_logits(ids_of_images(len(values)), LABELS, Logits(values))}


def with_flips(flips: int) -> np.ndarray:
    """The good model's logits, those of a few images turned round."""
    values = GOOD.copy()
    values[:flips] = -values[:flips]
    return values


@pytest.mark.slow
def test_a_linear_probe_and_what_changes_it(catalogue: DigitCatalogue, sparse_model: ModelFolder) -> None:
    slug = sparse_model.provenance.slug
    floor, path = measure_noise(catalogue.settings, slug, "digits-5-9@1", "linear@1", folders=catalogue.folders)
    runs = {run.setting: run for run in floor.runs}
    assert (runs["nothing changed"].flipped, runs["nothing changed"].largest_change) == (0, 0.0)
    assert 0 < runs["float64"].largest_change < 1e-2 < runs["bfloat16"].largest_change
    assert [run.n for run in floor.runs] == [314] * 6
    for run_ in floor.runs:
        assert run_.judged >= abs(round((run_.difference or 0) * 314))
    assert floor == find(catalogue.settings, slug, "digits-5-9@1", "linear@1")
    assert path.is_relative_to(catalogue.settings.home / "noise")
    assert floor.densified_hash.startswith("d1:")


def test_the_command_measures_and_keeps_it(
    catalogue: DigitCatalogue, sparse_model: ModelFolder, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    slug = sparse_model.provenance.slug
    monkeypatch.setenv("PRUNARIUM_HOME", str(catalogue.settings.home))
    asked = ["benchmark", "noise", slug, "--folders", str(catalogue.folders), "--task", "digits-0-4@1"]
    assert run([*asked, "--protocol", "as-published@1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["metric"] == "top1@1"
    runs = {run["setting"]: run for run in told["runs"]}
    assert (runs["nothing changed"]["flipped"], runs["nothing changed"]["largest_change"]) == (0, 0.0)
    assert 0 < runs["float64"]["largest_change"] < 1e-2 < runs["bfloat16"]["largest_change"]
    floor = find(catalogue.settings, slug, "digits-0-4@1", "as-published@1")
    assert floor is not None
    assert {one.setting: one.flipped for one in floor.runs} == {name: one["flipped"] for name, one in runs.items()}
    assert run([*asked, "--protocol", "full@1"]) == 2
    assert "makes no predictions of digits-0-4@1" in capsys.readouterr().err


def test_a_training_of_all_weights_is_perturbed_by_seeds_and_stays_in_its_precision() -> None:
    kinds = {name: [one.kind for one in perturbations(PROTOCOLS[name](), (1, 2), ("cuda",))] for name in (
        "full@1", "linear@1")}  # fmt: skip
    assert kinds["full@1"] == ["again", "batch", "batch", "threads", "seed", "seed"]
    assert kinds["linear@1"] == ["again", "batch", "batch", "threads", "precision", "dtype", "device"]


def test_the_floor_of_rounding_does_not_count_another_type() -> None:
    assert FLOOR.flips() == 0.01
    assert FLOOR.flips(("dtype",)) == 0.3
    assert (FLOOR.spread(), FLOOR.spread(("dtype",))) == (0.001, 0.1)


@pytest.mark.parametrize(
    ("flips", "floor", "verdict"),
    [
        (0, None, "equal bits"),
        (3, FLOOR, "within the noise floor"),
        (4, FLOOR, "beyond the noise floor"),
        (1, None, "beyond the noise floor"),
    ],
)
def test_two_runs_agree_as_far_as_the_floor_goes(flips: int, floor: NoiseFloor | None, verdict: str) -> None:
    found = agreement(predictions(GOOD), predictions(with_flips(flips)), floor)
    assert (found.verdict, found.n, found.flipped) == (verdict, 300, flips)


def test_other_logits_without_a_flip_are_within_any_floor_and_not_equal() -> None:
    found = agreement(predictions(GOOD), predictions(GOOD * np.float32(1.001)), FLOOR)
    assert (found.verdict, found.flipped) == ("within the noise floor", 0)
    assert flips_between(predictions(GOOD)[""], predictions(BAD)[""]) == (GOOD.argmax(1) != BAD.argmax(1)).sum()


def test_runs_of_other_images_are_not_compared() -> None:
    with pytest.raises(NotMeasuredError, match="not of the same images"):
        agreement(predictions(GOOD), {"fog/1": predictions(GOOD)[""]}, FLOOR)


def test_what_is_kept_comes_back_and_a_later_one_takes_its_place(catalogue: DigitCatalogue) -> None:
    assert find(catalogue.settings, "m", "t@1", "linear@1") is None
    store(FLOOR, catalogue.settings)
    later = replace(FLOOR, value=0.9)
    store(later, catalogue.settings)
    assert find(catalogue.settings, "m", "t@1", "linear@1") == later
    with pytest.raises(UsageError):
        measure_noise(catalogue.settings, "m", "cost@1", "as-published@1")
