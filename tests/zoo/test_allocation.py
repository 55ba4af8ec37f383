"""Layer-wise sparsities against published tables."""

from collections.abc import Callable
from math import prod

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from zoo.allocation import Counts, Shapes, count_for, er, erk, uniform
from zoo.errors import MaskError
from zoo.models import build
from zoo.prunable import prunable_parameters

# ResNet-50, 54 tensors; agrees with RAIVNLab/STR budgets/SparsityDistributions_90_ResNet50.csv within 1 %.
COLUMNS = (
    "conv1",
    "layer1.0.conv1",
    "layer1.0.conv2",
    "layer1.0.conv3",
    "layer2.0.conv2",
    "layer3.0.conv2",
    "layer4.0.downsample.0",
    "layer4.2.conv2",
    "fc",
)
ERK_RESNET50 = {  # sparsity: (dense layers, one sparsity per column)
    0.80: (8, (0.1428, 0, 0.6381, 0, 0.8231, 0.9126, 0.8541, 0.9565, 0.8518)),
    0.90: (1, (0.5800, 0, 0.8227, 0.0412, 0.9133, 0.9572, 0.9285, 0.9787, 0.9274)),
    0.95: (0, (0.7902, 0.2265, 0.9114, 0.5210, 0.9567, 0.9786, 0.9643, 0.9894, 0.9637)),
    0.98: (0, (0.9161, 0.6906, 0.9646, 0.8084, 0.9827, 0.9914, 0.9857, 0.9957, 0.9855)),
}
ER_RESNET50_90 = {"conv1": 0.0, "layer1.0.conv2": 0.2941, "layer4.2.conv2": 0.9118, "fc": 0.9664}

LENET_300_100 = {"fc1": (300, 784), "fc2": (100, 300), "fc3": (10, 100)}
LENET_5_CAFFE = {"conv1": (20, 1, 5, 5), "conv2": (50, 20, 5, 5), "fc1": (500, 800), "fc2": (10, 500)}


@pytest.fixture(scope="module")
def resnet50() -> dict[str, tuple[int, ...]]:
    with torch.device("meta"):
        model = build("resnet50", 1000)
    return {name: tuple(weight.shape) for name, weight in prunable_parameters(model).items()}


def sparsities(counts: dict[str, int], shapes: dict[str, tuple[int, ...]]) -> dict[str, float]:
    return {name: 1 - counts[name] / prod(shapes[name]) for name in shapes}


def test_resnet50_has_its_prunable_weights(resnet50: dict[str, tuple[int, ...]]) -> None:
    assert len(resnet50) == 54
    assert sum(map(prod, resnet50.values())) == 25_502_912


@pytest.mark.parametrize("sparsity", ERK_RESNET50)
def test_erk_of_resnet50_matches_the_golden_table(resnet50: dict[str, tuple[int, ...]], sparsity: float) -> None:
    dense_layers, golden = ERK_RESNET50[sparsity]
    counts = erk(resnet50, sparsity)
    found = sparsities(counts, resnet50)
    assert [found[f"{column}.weight"] for column in COLUMNS] == pytest.approx(golden, abs=1e-3)
    assert sum(count == prod(resnet50[name]) for name, count in counts.items()) == dense_layers
    assert sum(counts.values()) == count_for(sparsity, 25_502_912)


def test_er_of_resnet50_matches_the_golden_table(resnet50: dict[str, tuple[int, ...]]) -> None:
    counts = er(resnet50, 0.9)
    found = sparsities(counts, resnet50)
    assert [found[f"{name}.weight"] for name in ER_RESNET50_90] == pytest.approx([*ER_RESNET50_90.values()], abs=1e-3)
    assert sum(counts.values()) == count_for(0.9, 25_502_912)


@pytest.mark.parametrize(
    ("shapes", "sparsity", "golden"),
    [  # google-research/rigl's formula, evaluated apart
        (LENET_300_100, 0.90, (0.92043, 0.76981, 0.0)),
        (LENET_300_100, 0.95, (0.96152, 0.88867, 0.08149)),
        (LENET_300_100, 0.98, (0.98461, 0.95547, 0.6326)),
        (LENET_5_CAFFE, 0.90, (0.0, 0.91293, 0.91157, 0.0)),
    ],
)
def test_erk_of_lenet(shapes: dict[str, tuple[int, ...]], sparsity: float, golden: tuple[float, ...]) -> None:
    assert [*sparsities(erk(shapes, sparsity), shapes).values()] == pytest.approx(golden, abs=1e-3)


def test_uniform_gives_every_layer_the_same_density() -> None:
    shapes = {"a": (10, 10), "b": (20, 10)}
    assert uniform(shapes, 0.9) == {"a": 10, "b": 20}
    assert uniform(shapes, 0.5, dense=("a",)) == {"a": 100, "b": 50}


def test_layers_that_must_stay_dense_may_not_keep_too_much() -> None:
    with pytest.raises(MaskError, match="layers that stay dense"):
        uniform({"a": (10, 10), "b": (20, 10)}, 0.9, dense=("a",))


SHAPES = st.lists(st.lists(st.integers(1, 12), min_size=2, max_size=4).map(tuple), min_size=1, max_size=8)


@pytest.mark.parametrize("allocation", [uniform, er, erk])
@given(shapes=SHAPES, sparsity=st.floats(0, 1))
def test_totals_are_exact_and_no_layer_overflows(
    allocation: Callable[[Shapes, float], Counts], shapes: list[tuple[int, ...]], sparsity: float
) -> None:
    named = {str(index): shape for index, shape in enumerate(shapes)}
    counts = allocation(named, sparsity)
    assert list(counts) == list(named)
    assert sum(counts.values()) == count_for(sparsity, sum(map(prod, shapes)))
    assert all(0 <= counts[name] <= prod(shape) for name, shape in named.items())
