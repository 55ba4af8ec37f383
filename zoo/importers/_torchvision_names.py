"""What timm calls the tensors of torchvision's networks. Only names: nothing here looks at a value.

A map gives a name for every tensor that it knows; the others keep theirs and are reported as surplus later.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

Names = Collection[str]
Rules = tuple[tuple[str, str], ...]

_VIT: Rules = (
    (r"class_token", "cls_token"),
    (r"encoder\.pos_embedding", "pos_embed"),
    (r"conv_proj\.(.+)", r"patch_embed.proj.\1"),
    (r"encoder\.layers\.encoder_layer_(\d+)\.ln_([12])\.(.+)", r"blocks.\1.norm\2.\3"),
    (r"encoder\.layers\.encoder_layer_(\d+)\.self_attention\.in_proj_(.+)", r"blocks.\1.attn.qkv.\2"),
    (r"encoder\.layers\.encoder_layer_(\d+)\.self_attention\.out_proj\.(.+)", r"blocks.\1.attn.proj.\2"),
    # linear_1 and linear_2 in files from before torchvision 0.13
    (r"encoder\.layers\.encoder_layer_(\d+)\.mlp\.(?:0|linear_1)\.(.+)", r"blocks.\1.mlp.fc1.\2"),
    (r"encoder\.layers\.encoder_layer_(\d+)\.mlp\.(?:3|linear_2)\.(.+)", r"blocks.\1.mlp.fc2.\2"),
    (r"encoder\.ln\.(.+)", r"norm.\1"),
    (r"heads\.head\.(.+)", r"head.\1"),
)

_CONVNEXT_BLOCK = {"block.0": "conv_dw", "block.2": "norm", "block.3": "mlp.fc1", "block.5": "mlp.fc2"}
_CONVNEXT: Rules = (
    (r"features\.0\.([01])\.(.+)", r"stem.\1.\2"),
    (r"classifier\.0\.(.+)", r"head.norm.\1"),
    (r"classifier\.2\.(.+)", r"head.fc.\1"),
)

_STEM: Rules = ((r"features\.0\.0\.(.+)", r"conv_stem.\1"), (r"features\.0\.1\.(.+)", r"bn1.\1"))
_V2_HEAD: Rules = (
    (r"features\.18\.0\.(.+)", r"conv_head.\1"),
    (r"features\.18\.1\.(.+)", r"bn2.\1"),
    (r"classifier\.1\.(.+)", r"classifier.\1"),
)
_EFFICIENT_HEAD: Rules = (
    (r"features\.8\.0\.(.+)", r"conv_head.\1"),
    (r"features\.8\.1\.(.+)", r"bn2.\1"),
    (r"classifier\.1\.(.+)", r"classifier.\1"),
)
# Blocks of each stage, in torchvision one after the other.
_V2_STAGES = (1, 2, 3, 4, 3, 3, 1)
_V3_STAGES = {16: (1, 2, 3, 4, 2, 3), 12: (1, 2, 3, 2, 3)}  # by the index of the last convolution: large, small


def vit(names: Names) -> dict[str, str]:
    """``conv_proj`` becomes ``patch_embed.proj``, ``encoder_layer_3.ln_1`` becomes ``blocks.3.norm1``."""
    return _by_rules(names, _VIT)


def convnext(names: Names) -> dict[str, str]:
    """``features`` alternates between the blocks of a stage (odd) and what makes the image smaller (even)."""
    made = _by_rules(names, _CONVNEXT)
    for name in names:
        if found := re.fullmatch(r"features\.([246])\.([01])\.(.+)", name):
            made[name] = f"stages.{int(found[1]) // 2}.downsample.{found[2]}.{found[3]}"
        elif found := re.fullmatch(r"features\.([1357])\.(\d+)\.(block\.\d+|layer_scale)(\..+)?", name):
            block = f"stages.{int(found[1]) // 2}.blocks.{found[2]}"
            leaf = found[4] or ""
            made[name] = f"{block}.{_CONVNEXT_BLOCK.get(found[3], 'gamma')}{leaf}"
    return made


def mobilenetv2(names: Names) -> dict[str, str]:
    """A block is a list ``conv`` whose last convolution and normalisation stand bare, without a list of their own."""
    bare = re.compile(r"(features\.\d+)\.conv\.(\d)\.([a-z_]+)")
    last: dict[str, int] = {}
    for match in filter(None, map(bare.fullmatch, names)):
        last[match[1]] = max(last.get(match[1], 0), int(match[2]))
    paired = {}
    for name in names:
        found = bare.fullmatch(name)
        if found is not None:  # the bare pair is the last: its convolution has the place before its normalisation
            end = last[found[1]]
            paired[name] = f"{found[1]}.block.{end - 1}.{int(int(found[2]) == end)}.{found[3]}"
        else:
            paired[name] = name.replace(".conv.", ".block.", 1)
    return _by_rules(names, (*_STEM, *_V2_HEAD)) | _blocks(paired, dict(enumerate(_places(_V2_STAGES), start=1)))


def mobilenetv3(names: Names) -> dict[str, str]:
    """Large and small, told apart by the number of blocks; the last convolution is a stage of its own in timm."""
    last = max((int(number) for number in _numbers(names, r"features\.(\d+)\.0\.weight")), default=0)
    stages = _V3_STAGES.get(last, ())
    head: Rules = (
        (rf"features\.{last}\.0\.(.+)", rf"blocks.{len(stages)}.0.conv.\1"),
        (rf"features\.{last}\.1\.(.+)", rf"blocks.{len(stages)}.0.bn1.\1"),
        (r"classifier\.0\.(.+)", r"conv_head.\1"),
        (r"classifier\.3\.(.+)", r"classifier.\1"),
    )
    places = dict(enumerate(_places(stages), start=1))
    return _by_rules(names, (*_STEM, *head)) | _blocks({name: name for name in names}, places)


def efficientnet(names: Names) -> dict[str, str]:
    """``features.3.1`` is the second block of the third stage."""
    flat = {name: re.sub(r"features\.(\d+)\.(\d+)\.block", r"features.\1-\2.block", name) for name in names}
    return _by_rules(names, (*_STEM, *_EFFICIENT_HEAD)) | _blocks(flat, None)


def _blocks(names: Mapping[str, str], places: Mapping[int, str] | None) -> dict[str, str]:
    """Inverted residuals; ``names`` gives for a tensor ``features.<block>.block.<part>.<0, 1, fc1 or fc2>.<leaf>``.

    ``places`` has timm's name of each numbered block; None where a block is named ``<stage from 1>-<number>``.
    """
    pattern = re.compile(r"features\.([\d-]+)\.block\.(\d)\.(0|1|fc1|fc2)\.(.+)")
    found = {name: match for name, told in names.items() if (match := pattern.fullmatch(told))}
    pairs: dict[str, set[str]] = {}
    for match in found.values():
        if match[3] == "0":
            pairs.setdefault(match[1], set()).add(match[2])
    made = {}
    for name, match in found.items():
        block, part, kind, leaf = match.groups()
        ordered = sorted(pairs.get(block, ()))
        place = _staged(block) if places is None else places.get(int(block))
        if place is None or len(ordered) not in _CONVOLUTIONS:
            continue
        if kind in _EXCITATION:
            made[name] = f"{place}.{_EXCITATION[kind]}.{leaf}"
        elif part in ordered:
            rank = ordered.index(part)
            module = _CONVOLUTIONS[len(ordered)][rank] if kind == "0" else f"bn{rank + 1}"
            made[name] = f"{place}.{module}.{leaf}"
    return made


_CONVOLUTIONS = {2: ("conv_dw", "conv_pw"), 3: ("conv_pw", "conv_dw", "conv_pwl")}
_EXCITATION = {"fc1": "se.conv_reduce", "fc2": "se.conv_expand"}


def _staged(block: str) -> str | None:
    stage, dash, number = block.partition("-")
    return f"blocks.{int(stage) - 1}.{number}" if dash else None


def _places(stages: Iterable[int]) -> Iterator[str]:
    return (f"blocks.{stage}.{number}" for stage, count in enumerate(stages) for number in range(count))


def _numbers(names: Names, pattern: str) -> list[str]:
    return [found[1] for name in names if (found := re.fullmatch(pattern, name))]


def _by_rules(names: Names, rules: Rules) -> dict[str, str]:
    made = {}
    for name in names:
        for pattern, replacement in rules:
            if found := re.fullmatch(pattern, name):
                made[name] = found.expand(replacement)
                break
    return made


# What a tensor of each family, and of no other, is called.
FAMILIES: dict[str, tuple[str, Callable[[Names], dict[str, str]]]] = {
    "vit": ("conv_proj.weight", vit),
    "convnext": ("features.1.0.layer_scale", convnext),
    "mobilenetv2": ("features.1.conv.0.0.weight", mobilenetv2),
    "efficientnet": ("features.1.0.block.0.0.weight", efficientnet),
    "mobilenetv3": ("features.1.block.0.0.weight", mobilenetv3),
}
