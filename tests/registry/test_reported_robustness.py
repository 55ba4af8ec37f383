"""The published numbers about robustness, counted and averaged again straight from the CSV files."""

import csv
import math
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path
from statistics import correlation as pearson
from statistics import fmean, linear_regression

import pytest
from sqlalchemy import Engine
from timm.models import get_pretrained_cfg

import registry.reported
from registry import queries
from registry.db.session import session_scope
from registry.errors import InvalidRecordError
from registry.records import ModelRecord, ResultRecord
from registry.reported import _files as files
from registry.reported._robustness import robustness
from zoo.architectures import ARCHITECTURES

FOLDER = Path(registry.reported.__file__).parent
ELSEWHERE = ("@ist2022", "@reported")


def printed(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


ROWS = printed("published_ood.csv")
DERIVED = printed("published_ood_derived.csv")

# A task of the catalogue, its metric, and by hand what its rows are in the file: source, dataset, variant, metric.
PLACES = {
    ("imagenet@timm", "top1@1"): ("huggingface/pytorch-image-models", "ImageNet-1k", "val", "top1"),
    ("imagenet-a-clean@timm", "top1@1"): (
        "huggingface/pytorch-image-models", "ImageNet-1k", "val on ImageNet-A classes", "top1",
    ),
    ("imagenet-r@timm", "top1@1"): ("huggingface/pytorch-image-models", "ImageNet-R", "test", "top1"),
    ("imagenet-sketch@testbed", "top1@1"): ("modestyachts/imagenet-testbed", "ImageNet-Sketch", "test", "top1"),
    ("imagenet-v2-top-images@testbed", "top1@1"): (
        "modestyachts/imagenet-testbed", "ImageNet-V2", "top-images-format-val", "top1",
    ),
    ("objectnet-clean@testbed", "top1@1"): (
        "modestyachts/imagenet-testbed", "ImageNet-1k", "val on ObjectNet classes", "top1",
    ),
    ("imagenet-c@robustbench", "mean-top1@1"): (
        "RobustBench/robustbench", "ImageNet-C", "all severities", "mean top1 over 15x5",
    ),
    ("imagenet-3dcc@robustbench", "mce-robustbench-alexnet@1"): (
        "RobustBench/robustbench", "ImageNet-3DCC", "all severities", "mCE (RobustBench AlexNet normaliser)",
    ),
    ("imagenet-c@hendrycks", "mce-official-alexnet@1"): (
        "hendrycks/robustness", "ImageNet-C", "15x5", "mCE (official AlexNet normaliser)",
    ),
    ("imagenet@hendrycks", "top1-error@1"): ("hendrycks/robustness", "ImageNet-1k", "val", "top1 error"),
    ("cifar10-c@robustnets", "mean-top1@1"): ("sarafridov/RobustNets", "CIFAR-10-C", "15x5", "mean top1"),
    ("cifar10-phase-paths@robustnets", "consistent-distance@1"): (
        "sarafridov/RobustNets", "CIFAR-10 Fourier paths", "phase", "consistent distance (0-100)",
    ),
    ("cifar10-jacobian@robustnets", "jacobian-norm@1"): (
        "sarafridov/RobustNets", "CIFAR-10", "first 400 test images", "Jacobian norm",
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def results(reported_catalogue: Engine) -> list[ResultRecord]:
    with session_scope(reported_catalogue) as session:
        return [row for row in queries.results(session) if not row.task.endswith(ELSEWHERE)]


@pytest.fixture(scope="module")
def models(reported_catalogue: Engine) -> dict[str, ModelRecord]:
    with session_scope(reported_catalogue) as session:
        return {model.name: model for model in queries.list_models(session)}


def test_every_row_of_the_files_is_in_the_catalogue_once_and_as_printed(results: list[ResultRecord]) -> None:
    wanted = Counter(
        (row["source"], row["commit"][:7], row["model"], row["metric"], row["value"], row["eval_note"])
        for row in ROWS + DERIVED
    )
    found: Counter[tuple[str, ...]] = Counter()
    for result in results:
        _, source, commit, _ = str(result.source).split(" ", 3)
        told = result.provenance
        key = (told["published_name"], told["published_metric"], told["published_value"], told.get("note", ""))
        found[source, commit.removeprefix("@"), *key] += 1
    assert found == wanted
    assert len(results) == 5420 + 34


def test_percentages_become_fractions_and_nothing_else_does(results: list[ResultRecord]) -> None:
    units = {row["metric"]: row["unit"] for row in ROWS + DERIVED}
    for result in results:
        number = Decimal(result.provenance["published_value"])
        divisor = 100 if units[result.provenance["published_metric"]] == "%" else 1
        assert result.value == float(number / divisor)


@pytest.mark.parametrize("place", PLACES, ids="-".join)
def test_counts_and_means_by_source_dataset_and_metric(place: tuple[str, str], results: list[ResultRecord]) -> None:
    rows = [row for row in ROWS if (row["source"], row["dataset"], row["variant"], row["metric"]) == PLACES[place]]
    found = [row.value for row in results if (row.task, row.metric) == place and row.value is not None]
    scale = 100 if rows[0]["unit"] == "%" else 1
    assert len(found) == len(rows) > 9
    assert fmean(found) * scale == pytest.approx(fmean(float(row["value"]) for row in rows), rel=1e-12)


def test_no_cell_is_filled_twice_and_no_protocol_mixes_resolutions(results: list[ResultRecord]) -> None:
    """The file has 47 checkpoints of timm at two resolutions: equal names, other images, other numbers."""
    cells = Counter((row.model, row.task, row.protocol, row.metric) for row in results)
    assert set(cells.values()) == {1}
    names = Counter((row["model"], row["dataset"], row["variant"]) for row in ROWS if "img=" in row["eval_note"])
    assert Counter(names.values())[2] == 47 * 8
    for row in results:
        if row.task.endswith("@timm"):
            assert f"img={row.protocol.removeprefix('as-published@timm-')} " in row.provenance["note"]


def test_label_spaces_are_apart(reported_catalogue: Engine, results: list[ResultRecord]) -> None:
    """A task has one label space, and that of a shift is that of the set it is compared with."""
    spaces = defaultdict(set)
    for row in ROWS + DERIVED:
        spaces[row["source"], row["dataset"], row["variant"]].add(row["label_space"])
    assert {len(found) for found in spaces.values()} == {1}
    with session_scope(reported_catalogue) as session:
        tasks = {f"{task.name}@{task.version}": task for task in queries.list_tasks(session)}
        shifts = {shift.task: shift.source_task for shift in queries.list_shifts(session)}
    seen = {row.task for row in results}
    assert len(seen) == len(spaces) == 35
    for shifted, clean in shifts.items():
        assert {shifted, clean} <= seen
        assert tasks[shifted].classes == tasks[clean].classes
        assert tasks[shifted].version == tasks[clean].version
    assert shifts["imagenet-r@timm"] == "imagenet-r-clean@timm"


def test_anchors(results: list[ResultRecord]) -> None:
    """Numbers that people know by heart, and that were read elsewhere than in these files."""
    by_cell = {(row.model, row.task, row.metric): row.value for row in results if "timm-288" not in row.protocol}
    torchvision = "dense/resnet50/0.00-tv-in1k"
    assert by_cell[torchvision, "imagenet@timm", "top1@1"] == 0.76156
    assert by_cell[torchvision, "imagenet-v2-matched-frequency@timm", "top1@1"] == 0.6319
    standard = "dense/resnet50/0.00-robustbench-imagenet-standard-r50"
    assert by_cell[standard, "imagenet-c@robustbench", "mce-robustbench-alexnet@1"] == 0.7638
    alexnet = "dense/alexnet/0.00-robustbench-imagenet-alexnet"
    assert by_cell[alexnet, "imagenet-c@robustbench", "mce-robustbench-alexnet@1"] == 1.0
    pruned = "lrr/wideresnet18-2-cifar/0.95-robustbench-cifar-10-diffenderfer2021winning-lrr-card-deck"
    assert by_cell[pruned, "cifar10-c@robustbench", "mean-top1@1"] == pytest.approx(0.9275, abs=0.02)
    lrr = "lrr/robustnets-resnet18/0.90-clean-globally"
    assert by_cell[lrr, "cifar10@robustnets", "top1@1"] == pytest.approx(0.9560, abs=5e-5)
    assert by_cell[lrr, "cifar10-c@robustnets", "mean-top1@1"] == pytest.approx(0.7571, abs=5e-5)
    assert by_cell[lrr, "cifar10.1@robustnets", "top1@1"] == pytest.approx(0.9005, abs=5e-5)


def test_the_fit_of_the_robustnets_study_comes_out_of_the_catalogue(results: list[ResultRecord]) -> None:
    """CIFAR-10 to CIFAR-10.1 over the 149 plainly trained networks, in logits: 0.820, -0.397, R2 0.971."""
    cells: dict[str, dict[str, float]] = defaultdict(dict)
    for row in results:
        if row.metric == "top1@1" and row.task in ("cifar10@robustnets", "cifar10.1@robustnets") and row.value:
            cells[row.model][row.task] = math.log(row.value / (1 - row.value))
    clean = [pair for model, pair in cells.items() if "-clean" in model]
    x = [pair["cifar10@robustnets"] for pair in clean]
    y = [pair["cifar10.1@robustnets"] for pair in clean]
    slope, intercept = linear_regression(x, y)
    assert len(clean) == 149
    assert slope == pytest.approx(0.820, abs=5e-4)
    assert intercept == pytest.approx(-0.397, abs=5e-4)
    assert pearson(x, y) ** 2 == pytest.approx(0.971, abs=5e-4)


def test_robustnets_names_are_read_in_all_their_parts(models: dict[str, ModelRecord]) -> None:
    mine = [model for model in models.values() if model.owner == "sarafridov"]
    assert len(mine) == 447
    assert Counter(model.sparsity_target for model in mine) == {0.0: 9, 0.5: 90, 0.6: 90, 0.8: 90, 0.9: 90, 0.95: 78}
    assert Counter(model.method for model in mine) == {
        "dense": 9, "lrr": 45, "lottery-ticket": 45, "gmp": 87, "magnitude-finetuned": 87, "edge-popup": 87,
        "biprop": 87,
    }  # fmt: skip
    wanted = {row["model"] for row in ROWS if row["source"] == "sarafridov/RobustNets"}
    assert sum("_GMP_" in name for name in wanted) == 87
    assert {f"{scope}_0.95" for scope in ("globally", "layerwise")} == {
        name.split("_", 3)[3] for name in wanted if name.startswith("ResNet18_clean_GMP_") and name.endswith("0.95")
    }
    for model in mine:
        parent = None if model.method == "dense" else models[str(model.parent)]
        assert (parent is None) == (model.sparsity_target == 0)
        if parent is not None:
            assert (parent.architecture, parent.method) == (model.architecture, "dense")
            assert str(parent.slug).rpartition("-")[2] == str(model.slug).split("/")[2].split("-")[1]


def test_one_name_for_two_networks_is_two_models(models: dict[str, ModelRecord]) -> None:
    noisy = {name for name, model in models.items() if "robustbench" in name and name.endswith("erichson2022noisymix")}
    assert {models[name].architecture for name in noisy} == {"resnet50", "wideresnet28-4-cifar"}
    assert len(noisy) == 3


def test_every_model_says_where_it_is_and_whose_words_these_are(models: dict[str, ModelRecord]) -> None:
    owners = Counter(model.owner for model in models.values())
    assert [owners[name] for name in ("huggingface", "modestyachts", "RobustBench", "hendrycks")] == [115, 36, 48, 11]
    for model in models.values():
        if model.owner in ("modestyachts", "hendrycks"):
            assert model.availability == "unknown"
            assert "numbers are from github.com" in str(model.availability_detail)
        if model.owner in ("huggingface", "RobustBench", "sarafridov"):
            assert model.availability == "import"
            assert str(model.source_url).startswith("https://")
        assert "\\" not in str(model.caveat)


def test_derived_rows_are_called_so_and_carry_their_caution(
    results: list[ResultRecord], models: dict[str, ModelRecord], reported_catalogue: Engine
) -> None:
    derived = [row for row in results if row.trust == "derived"]
    assert {row.task for row in derived} == {"imagenet-c@testbed"}
    assert len(derived) == len(DERIVED) == 34
    for row in derived:
        assert row.ci_low is None
        assert "mean of 75 published cells" in str(row.source)
        assert "CAUTION" in str(models[row.model].caveat)
    with session_scope(reported_catalogue) as session:
        task = queries.get_task(session, "imagenet-c@testbed")
    assert task is not None
    assert "CAUTION" in task.manifest["remark"]
    assert sum("CAUTION" in str(model.caveat) for model in models.values()) == 34


def test_test_set_sizes_fit_the_printed_values(results: list[ResultRecord], reported_catalogue: Engine) -> None:
    """A share of n images is a multiple of 1/n, up to the digits it was printed with."""
    misfits: Counter[str] = Counter()
    for row in results:
        if row.n is not None and row.value is not None:
            digits = len(row.provenance["published_value"].partition(".")[2])
            nearest = Decimal(round(row.value * row.n)) * 100 / row.n
            if abs(nearest - Decimal(row.provenance["published_value"])) > Decimal("0.6").scaleb(-min(digits, 4)):
                misfits[row.task] += 1
    assert misfits == {}


def test_commands_for_timm_say_what_timm_says_of_its_weights(models: dict[str, ModelRecord]) -> None:
    """Licence and preprocessing against the configurations that timm ships; a wrong mean would cost accuracy unseen."""
    hosted = [model for model in models.values() if "huggingface.co/timm" in str(model.source_url)]
    assert len(hosted) == 115
    commands = 0
    for model in hosted:
        told = get_pretrained_cfg(str(model.source_url).split("/")[4])
        assert told is not None
        assert str(model.source_licence).lower() == told.license
        if model.recipe is not None:
            commands += 1
            options = {name: values for name, *values in (part.split() for part in model.recipe.split(" --")[1:])}
            usual = ARCHITECTURES[model.architecture].preprocessing
            assert options["licence"] == [model.source_licence]
            assert options["image-size"] == [str(told.input_size[1])]
            assert options["interpolation"] == [told.interpolation]
            assert float(options["crop-fraction"][0]) == told.crop_pct
            assert tuple(map(float, options.get("mean", usual.mean))) == told.mean
            assert tuple(map(float, options.get("std", usual.std))) == told.std
    assert commands == 73


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"label_space": "200"}, "another label space"),
        ({"dataset": "ImageNet-X"}, "no task is ImageNet-X"),
        ({"source": "somebody/else"}, "Nothing is known of the source"),
        ({"model": "notaname.tag"}, "cannot be placed"),
    ],
)
def test_a_row_that_cannot_be_placed_is_refused(
    changes: dict[str, str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from registry.reported import _robustness

    def forged(name: str) -> list[dict[str, str]]:
        return [{**row, **changes} for row in files.table(name)[:1]]

    monkeypatch.setattr(_robustness, "table", forged)
    with pytest.raises(InvalidRecordError, match=message):
        robustness()


def test_a_model_states_its_accuracy_at_the_resolution_of_its_training() -> None:
    models = robustness().models
    at_both = models["dense/convnext_tiny/0.00-in12k-ft-in1k"]
    assert at_both.upstream_top1 == 0.84192  # at 288 it has 0.84448
    assert str(at_both.upstream_top1_source).endswith("results-imagenet.csv, as-published@timm-224")
    assert models["dense/resnet50/0.00-imagenet-c-board-ant-3x3-resnet-50"].upstream_top1 == 0.761  # error 23.9 %
    assert models["lrr/robustnets-vgg16/0.90-augmix-globally"].upstream_top1 == 0.9484
    assert sum(model.upstream_top1 is None for model in models.values()) == 1
