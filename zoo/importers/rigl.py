"""RigL's TensorFlow checkpoints: ResNets for ``resnet50-tf``, MobileNet-v1 for ``mobilenetv1`` (arXiv:1911.11134).

A layer is called by its place (``bottleneck_2_block_group1_2_1``), a batch norm by its number in the order in which the
graph is built. Kernels are (height, width, in, out), masks lie beside them; momenta and thresholds are left out. A
layer that is not pruned has its name twice, because tf.layers adds it once more.
"""

import re
from collections.abc import Iterator

from torch import Tensor

from . import IMPORTERS
from ._layout import Importer, State, masked

_SCOPE = "resnet_model/"  # of the MobileNets too
_LEFT_OUT = re.compile(r"global_step|.+/(Momentum|threshold|mask)")
_LAYER = re.compile(rf"{_SCOPE}([^/]+)/(?:\1/)?(weights|kernel|depthwise_weights|biases|bias)")
_NORM = re.compile(rf"{_SCOPE}batch_normalization(?:_(\d+))?/(gamma|beta|moving_mean|moving_variance)")
_LEAVES = {
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
    "biases": "bias",
}
_FIRST_BLOCK = "block_group_projection_block_group"


def _convert(state: State) -> State:
    layers = {found[1] for name in state if (found := _LAYER.fullmatch(name))}
    mobile = any(layer.startswith("depthwise_nxn_") for layer in layers)
    modules, norms = {"final_dense": "fc"}, dict[int, str]()
    for number, (layer, module, norm) in enumerate(_mobilenet(layers) if mobile else _resnet(layers)):
        modules[layer], norms[number] = module, norm
    made: dict[str, Tensor] = {}
    for name, value in state.items():
        if _LEFT_OUT.fullmatch(name):
            continue
        if (found := _LAYER.fullmatch(name)) and found[1] in modules:
            leaf = _LEAVES.get(found[2], found[2])
            mask = state.get(name.removesuffix(found[2]) + "mask")
            plain = f"{modules[found[1]]}.{'bias' if leaf == 'bias' else 'weight'}"
            if plain.endswith("weight"):
                value = _outputs_first(masked(name, value, mask) if mask is not None else value, leaf)
            made[plain] = value
        elif (found := _NORM.fullmatch(name)) and int(found[1] or 0) in norms:
            made[f"{norms[int(found[1] or 0)]}.{_LEAVES[found[2]]}"] = value
        else:
            made[name] = value
    return made


def _outputs_first(kernel: Tensor, leaf: str) -> Tensor:
    if kernel.ndim == 4 and leaf == "depthwise_weights":  # height, width, in, filters a channel
        return kernel.permute(2, 3, 0, 1).flatten(0, 1)[:, None].contiguous()
    if kernel.ndim == 4:
        return kernel.permute(3, 2, 0, 1).contiguous()
    return kernel.T.contiguous() if kernel.ndim == 2 else kernel


def _resnet(layers: set[str]) -> Iterator[tuple[str, str, str]]:
    """Layer, convolution and batch norm in the order in which resnet_model.py builds them; projections come first."""
    yield "initial_conv", "conv1", "bn1"
    for group in range(1, 5):
        block = 0
        place = f"{_FIRST_BLOCK}{group}"
        while f"bottleneck_1_{place}" in layers:
            module = f"layer{group}.{block}"
            if block == 0:
                yield f"bottleneck_projection_{place}", f"{module}.downsample.0", f"{module}.downsample.1"
            for number in (1, 2, 3):
                yield f"bottleneck_{number}_{place}", f"{module}.conv{number}", f"{module}.bn{number}"
            block += 1
            place = f"block_group{group}_{block}_1"


def _mobilenet(layers: set[str]) -> Iterator[tuple[str, str, str]]:
    yield "initial_conv", "model.0.0", "model.0.1"
    for number in range(len(layers)):
        stage = f"model.{number + 1}"
        yield f"depthwise_nxn_{number}", f"{stage}.0", f"{stage}.1"
        yield f"contraction_1x1_{number}", f"{stage}.3", f"{stage}.4"


IMPORTERS.register("rigl")(
    Importer(
        name="rigl",
        title="RigL's TensorFlow graphs",
        marks=lambda state: any(name.startswith(_SCOPE) for name in state),
        convert=_convert,
        source="github google-research/rigl, rigl/imagenet_resnet: resnet_model.py, mobilenetv1_model.py",
        architectures=("mobilenetv1", "resnet50-tf"),  # resnet50 has the tensors too, and pads otherwise
    )
)
