"""Which tensors may be pruned, and why the others may not."""

from pruning_runs import TinyNetwork
from torch import nn

from zoo.prunable import explain, prunable_parameters


def test_weights_of_convolutions_and_linear_layers_and_nothing_else() -> None:
    model = nn.Sequential(
        nn.Conv1d(2, 3, 3), nn.ConvTranspose2d(2, 3, 3), nn.BatchNorm2d(3), nn.LayerNorm(4), nn.Linear(4, 5), nn.PReLU()
    )
    assert list(prunable_parameters(model)) == ["0.weight", "1.weight", "4.weight"]
    assert list(prunable_parameters(nn.Linear(2, 2))) == ["weight"]


def test_tied_weights_count_once() -> None:
    first, second = nn.Linear(3, 3), nn.Linear(3, 3)
    second.weight = first.weight
    tied = nn.Sequential(first, second)
    assert list(prunable_parameters(tied)) == ["0.weight"]
    assert [row.reason for row in explain(tied)][::2] == [
        "weight of Linear",
        "tied to a weight that is counted already",
    ]


def test_a_parametrised_weight_is_no_parameter_to_mask() -> None:
    model = nn.utils.parametrizations.weight_norm(nn.Linear(3, 3))
    assert prunable_parameters(model) == {}


def test_every_tensor_is_explained() -> None:
    rows = {row.name: row for row in explain(TinyNetwork())}
    assert list(rows) == list(TinyNetwork().state_dict())
    assert rows["bn1.running_var"].reason == "running_var of BatchNorm2d is a statistic, no parameter"
    assert rows["conv1.weight"] == ("conv1.weight", (4, 1, 3, 3), True, "weight of Conv2d")
    assert rows["conv1.bias"].reason == "biases are never pruned"
    assert (rows["bn1.weight"].prunable, rows["bn1.weight"].reason) == (False, "weight of BatchNorm2d is never pruned")
