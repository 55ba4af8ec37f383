"""Coupled channels: those that can be cut out and no others; masks as Torch-Pruning would choose; the cut network."""

from collections.abc import Callable

import pytest
import torch
import torch_pruning
from torch import Tensor, nn

from zoo.channels import channel_groups
from zoo.core.errors import UsageError
from zoo.errors import MaskError
from zoo.masks import count_for, masks_of
from zoo.models import build
from zoo.patterns import Channel
from zoo.prunable import prunable_parameters
from zoo.scores import magnitude
from zoo.selection import SelectionConfig
from zoo.shrinking import shrink
from zoo.structures.channel import ChannelStructure, channel_structure, living

SIZE = (1, 8, 8)


def structure_on(model: nn.Module, size: tuple[int, int, int] = SIZE, aggregate: str = "mean") -> ChannelStructure:
    shapes = {name: tuple(weight.shape) for name, weight in prunable_parameters(model).items()}
    return channel_structure(model, shapes, Channel(aggregate), size)


def lively(model: nn.Module) -> nn.Module:
    """As after training: no bias and no statistic is zero, above all no beta."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, value in model.state_dict(keep_vars=True).items():
            if value.ndim == 1:
                value.copy_(torch.rand(value.shape, generator=generator) + (0.5 if name.endswith("var") else 0.1))
    return model.eval()


def test_a_residual_network_has_one_group_a_stage_and_one_in_each_block() -> None:
    model = build("resnet8-digits", 5, seed=0)
    state = {name: value.clone() for name, value in model.state_dict().items()}
    chance = torch.get_rng_state()
    groups = {group.root: group for group in channel_groups(model, SIZE)}
    assert {root: group.size for root, group in groups.items()} == {
        "conv1": 8,
        "layer1.conv1": 8,
        "layer2.conv1": 16,
        "layer2.downsample.0": 16,
        "layer3.conv1": 32,
        "layer3.downsample.0": 32,
    }
    assert {end.module for end in groups["conv1"].writes} == {"conv1", "layer1.conv2"}
    assert {end.module for end in groups["layer3.downsample.0"].reads} == {"fc"}
    assert all(torch.equal(state[name], value) for name, value in model.state_dict().items())
    assert torch.equal(chance, torch.get_rng_state())
    assert model.training


class Normalised(nn.Module):
    """A residual stream under a layer norm, an inner layer of an MLP, and attention by a softmax of channels."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.norm = nn.Linear(8, 12), nn.LayerNorm(12)
        self.up, self.down = nn.Linear(12, 20), nn.Linear(20, 12)
        self.gate, self.head = nn.Linear(12, 12), nn.Linear(12, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x.flatten(1))
        x = x + self.down(torch.nn.functional.gelu(self.up(self.norm(x))))
        logits: Tensor = self.head(x * torch.softmax(self.gate(x), dim=-1))
        return logits


def test_what_is_normalised_or_compared_across_channels_stays_whole() -> None:
    assert [group.root for group in channel_groups(Normalised(), (1, 2, 4))] == ["up"]


def test_padded_shortcuts_leave_their_stages_whole() -> None:
    """ResNet-20's option A pads channels, which Torch-Pruning takes for an elementwise operation."""
    assert all(group.root.endswith("conv1") for group in channel_groups(build("resnet20-digits", 5, seed=0), SIZE))


def test_networks_that_cannot_be_cut_or_traced_say_so() -> None:
    with pytest.raises(UsageError, match="No channel of Sequential can be cut out"):
        channel_groups(nn.Sequential(nn.Flatten(), nn.Linear(64, 3)), SIZE)

    with pytest.raises(UsageError, match="Torch-Pruning cannot trace Sequential \\(RuntimeError"):
        channel_groups(nn.Sequential(nn.Conv2d(3, 8, 3), nn.Flatten()), SIZE)  # images of another number of colours


def test_grouped_convolutions_stay_whole_and_depthwise_ones_go_with_what_they_filter() -> None:
    grouped = nn.Sequential(
        nn.Conv2d(1, 8, 3),
        nn.Conv2d(8, 8, 3, groups=2),
        nn.Conv2d(8, 8, 3),
        nn.Conv2d(8, 8, 3, groups=8),
        nn.Flatten(),
        nn.Linear(8 * 2 * 2, 3),
    )
    (found,) = channel_groups(grouped, (1, 10, 10))
    assert {end.module for end in found.writes} == {"2", "3"}
    assert [len(end.indices) for end in found.reads] == [32]


@pytest.mark.parametrize("allocation", SelectionConfig.allocations())
@pytest.mark.parametrize("sparsity", [0.1, 0.5, 0.9])
def test_channels_are_whole_nested_and_less_than_one_too_many(allocation: str, sparsity: float) -> None:
    model = build("resnet8-digits", 5, seed=0)
    structure, config = structure_on(model), SelectionConfig(allocation)
    scores = magnitude(prunable_parameters(model))
    first = config.masks(scores, sparsity / 2, None, structure)
    second = config.masks({name: 1.0 - score for name, score in scores.items()}, sparsity, first, structure)
    for masks, wanted in ((first, sparsity / 2), (second, sparsity)):
        assert structure.misfit(masks, wanted) is None
    assert not any(bool((second[name] & ~first[name]).any()) for name in first)
    # One channel less, the one with the lowest place in the order, would be too few.
    kept = sum(int(mask.sum()) for mask in second.values())
    assert kept >= count_for(sparsity, sum(mask.numel() for mask in second.values()))


def test_a_scope_leaves_channels_alone_that_touch_its_tensors() -> None:
    model = build("resnet8-digits", 5, seed=0)
    config = SelectionConfig("uniform", "no-stem-no-classifier")
    masks = config.masks(magnitude(prunable_parameters(model)), 0.3, None, structure_on(model))
    assert bool(masks["conv1.weight"].all())
    assert bool(masks["fc.weight"].all())
    assert not bool(masks["layer3.conv1.weight"].all())


def test_more_than_all_but_one_channel_of_each_kind_cannot_leave() -> None:
    model = build("resnet8-digits", 5, seed=0)
    with pytest.raises(MaskError, match="Whole channels keep 70 to 19304 weights here"):
        SelectionConfig().masks(magnitude(prunable_parameters(model)), 0.999, None, structure_on(model))


@pytest.mark.parametrize("how", ["mean", "sum"])
def test_channels_are_scored_as_torch_pruning_scores_them(how: str) -> None:
    """Its magnitude importance sums |w| over outputs and inputs of a group; ours per weight where the mean is asked."""
    model = build("resnet8-digits", 5, seed=0)
    graph = torch_pruning.DependencyGraph().build_dependency(model, torch.zeros(1, *SIZE))
    importance = torch_pruning.importance.GroupMagnitudeImportance(
        p=1, group_reduction="sum", normalizer=None, bias=False, target_types=[nn.Conv2d, nn.Linear]
    )
    structure = structure_on(model, aggregate=how)
    scores = magnitude(prunable_parameters(model))
    for group in structure.groups:
        root = model.get_submodule(group.root)
        theirs = importance(
            graph.get_pruning_group(root, torch_pruning.prune_conv_out_channels, list(range(group.size)))
        )
        ours = structure.scores(group, scores)
        weights = sum(
            len(end.indices) * prunable_parameters(model)[f"{end.module}.weight"][0].numel() for end in group.writes
        ) + sum(
            len(end.indices) * prunable_parameters(model)[f"{end.module}.weight"][:, 0].numel() for end in group.reads
        )
        expected = theirs.double() if how == "sum" else theirs.double() * group.size / weights
        torch.testing.assert_close(ours, expected, rtol=1e-5, atol=0.0)


def test_uniform_takes_the_same_share_of_every_group_as_torch_pruning_does() -> None:
    """The very same weights are left in both."""
    model = build("resnet8-digits", 5, seed=0)
    structure = structure_on(model)
    masks = SelectionConfig("uniform").masks(magnitude(prunable_parameters(model)), 0.5, None, structure)
    shares = [int(living(group, masks).sum()) / group.size for group in structure.groups]
    assert max(shares) - min(shares) <= 1 / 8
    pruner = torch_pruning.pruner.BasePruner(
        model,
        torch.zeros(1, *SIZE),
        torch_pruning.importance.GroupMagnitudeImportance(
            p=1, normalizer=None, bias=False, target_types=[nn.Conv2d, nn.Linear], group_reduction="sum"
        ),
        pruning_ratio=0.25,
        ignored_layers=[model.get_submodule("fc")],
    )
    pruner.step()
    theirs = sum(weight.numel() for weight in prunable_parameters(model).values())
    again = build("resnet8-digits", 5, seed=0)
    sparsity = 1.0 - theirs / sum(weight.numel() for weight in prunable_parameters(again).values())
    structure, left = structure_on(again), prunable_parameters(again)
    ours = SelectionConfig("uniform").masks(magnitude(left), sparsity, None, structure)
    with torch.no_grad():
        for name, weight in left.items():
            weight.masked_fill_(~ours[name], 0.0)
    assert shrink(again, structure, ours, torch.randn(2, *SIZE)) == 28
    expected = prunable_parameters(model)
    assert all(torch.equal(weight, expected[name]) for name, weight in prunable_parameters(again).items())


def cut_and_whole(model: nn.Module, size: tuple[int, int, int], sparsity: float) -> tuple[Tensor, Tensor, nn.Module]:
    """Logits with zeros, logits after cutting."""
    structure = structure_on(model, size)
    weights = prunable_parameters(model)
    masks = SelectionConfig("uniform").masks(magnitude(weights), sparsity, None, structure)
    images = torch.randn(2, *size, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        for name, weight in weights.items():
            weight.masked_fill_(~masks[name], 0.0)
        before = model(images)
        kept = sum(int(mask.sum()) for mask in masks.values())
        assert shrink(model, structure, masks, images) > 0
        assert sum(weight.numel() for weight in prunable_parameters(model).values()) == kept
        assert all(bool(mask.any()) for mask in masks_of(model).values())
        return before, model(images), model


@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("resnet8-digits", SIZE),
        ("lenet-5", (1, 28, 28)),
        ("resnet20-digits", SIZE),
        pytest.param("resnet18", (3, 64, 64), marks=pytest.mark.slow),
        pytest.param("resnet50", (3, 64, 64), marks=pytest.mark.slow),
        pytest.param("mobilenetv2_100", (3, 64, 64), marks=pytest.mark.slow),
        pytest.param("mobilenetv3_small_100", (3, 64, 64), marks=pytest.mark.slow),
        pytest.param("efficientnet_b0", (3, 64, 64), marks=pytest.mark.slow),
        pytest.param("convnext_tiny", (3, 64, 64), marks=pytest.mark.slow),
        pytest.param("vit_tiny_patch16_224", (3, 224, 224), marks=pytest.mark.slow),
        pytest.param("vgg11-bn-digits", (1, 16, 16), marks=pytest.mark.slow),
    ],
)
def test_a_cut_network_computes_what_the_zeroed_one_did(name: str, size: tuple[int, int, int]) -> None:
    before, after, _ = cut_and_whole(lively(build(name, 7, seed=1)), size, 0.4)
    torch.testing.assert_close(after, before, rtol=1e-4, atol=1e-5 * float(before.abs().max()))


def test_a_zero_filter_alone_is_not_silent_and_is_not_cut() -> None:
    """The known trap: after its batch norm a zero filter says relu(beta), so what reads it must be zero too."""
    model = lively(build("resnet8-digits", 5, seed=1))
    structure, images = structure_on(model), torch.randn(2, *SIZE)
    masks = {name: torch.ones_like(weight, dtype=torch.bool) for name, weight in prunable_parameters(model).items()}
    masks["layer1.conv1.weight"][3] = False
    with torch.no_grad():
        model.get_parameter("layer1.conv1.weight")[3] = 0.0
    with pytest.raises(MaskError, match="moved its logits"):
        shrink(model, structure, masks, images)
    assert structure.misfit(masks, 0.0) == "not whole channels in layer1.conv2.weight"


Spoil = Callable[[dict[str, Tensor]], None]


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda masks: masks["fc.weight"][0].fill_(False), "not whole channels in fc.weight"),
        (lambda masks: masks["layer3.conv1.weight"][0, 0].logical_not_(), "not whole channels in layer3.conv1.weight"),
    ],
)
def test_misfits_are_named(spoil: Spoil, told: str) -> None:
    model = build("resnet8-digits", 5, seed=0)
    structure = structure_on(model)
    masks = SelectionConfig().masks(magnitude(prunable_parameters(model)), 0.5, None, structure)
    assert structure.misfit(masks, 0.9) is not None
    spoil(masks)
    assert structure.misfit(masks, 0.5) == told
