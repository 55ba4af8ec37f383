"""Files as the authors of published checkpoints write them: their names of tensors, their masks; an eighth as wide."""

import re
from pathlib import Path

import torch
from torch import Tensor

from zoo.models import build

WIDTH = 8
CLASSES = 3


def narrow_state(
    architecture: str, sparsity: float, seed: int, width: int = WIDTH
) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The tensors of a network whose layers are ``width`` times narrower, random, and masks of its pruned weights."""
    state = build(architecture, CLASSES, seed=0).state_dict()
    draw = torch.Generator().manual_seed(seed)
    made: dict[str, Tensor] = {}
    for name, value in state.items():
        cut = tuple(
            size if size in (1, 3, 7, CLASSES) or place > 1 else size // width for place, size in enumerate(value.shape)
        )
        part = value[tuple(slice(0, size) for size in cut)].clone()
        if part.ndim >= 2:
            part = torch.randn(part.shape, generator=draw) * (2 / max(1, part[0].numel())) ** 0.5
        made[name] = part
    weights = {name: value for name, value in made.items() if value.ndim >= 2}
    everything = torch.cat([weight.abs().flatten() for weight in weights.values()])
    cut_at = everything.sort().values[round(sparsity * len(everything)) - 1] if sparsity else torch.tensor(-1.0)
    return made, {name: (weight.abs() > cut_at).float() for name, weight in weights.items()}


def write_plain(path: Path, architecture: str, seed: int = 0, width: int = WIDTH) -> Path:
    """A dense state dict, as torchvision saves it."""
    torch.save(narrow_state(architecture, 0.0, seed, width)[0], path)
    return path


def write_converted(path: Path, architecture: str, sparsity: float, seed: int) -> Path:
    """As the transfer study converted them: wrapped layers with masks, weights under the masks left as they were."""
    state, masks = narrow_state(architecture, sparsity, seed)
    wrapped: dict[str, Tensor] = {}
    for name, value in state.items():
        module, _, leaf = _renamed(architecture, name).rpartition(".")
        layer = state[name.rpartition(".")[0] + ".weight"].ndim >= 2 if leaf in ("weight", "bias") else False
        wrapped[f"{module}._layer.{leaf}" if layer else f"{module}.{leaf}"] = value
        if layer and leaf == "weight":
            wrapped[f"{module}._weight_mask"] = masks[name]
    torch.save({"epoch": 99, "model_config": {"arch": architecture}, "model_state_dict": wrapped}, path)
    return path


def _renamed(architecture: str, name: str) -> str:
    """RigL's ResNet-50 as the study ported it, MobileNetV1 as AMC calls it."""
    if architecture == "mobilenetv1":
        stage = re.fullmatch(r"model\.(\d+)\.(.+)", name)
        if stage is None:
            return re.sub(r"^fc\.", "classifier.0.", name)
        return f"conv1.{stage[2]}" if stage[1] == "0" else f"features.{int(stage[1]) - 1}.{stage[2]}"
    if architecture != "resnet50-tf":
        return name
    name = re.sub(r"^conv1\.", "initial_conv.conv.", re.sub(r"^bn1\.", "initial_conv.bn.", name))
    name = re.sub(r"(layer\d)\.(\d+)\.(conv|bn)(\d)\.", r"\1.block.\2.conv\4.\3.", name)
    name = re.sub(r"(layer\d)\.(\d+)\.downsample\.0\.", r"\1.block.\2.shortcut.conv.", name)
    return re.sub(r"(layer\d)\.(\d+)\.downsample\.1\.", r"\1.block.\2.shortcut.bn.", name)
