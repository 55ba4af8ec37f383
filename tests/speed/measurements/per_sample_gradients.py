"""One gradient per image of a small network."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.nn.functional import cross_entropy

from zoo.architectures import ARCHITECTURES
from zoo.prunable import prunable_parameters
from zoo.second_order import gradient_stream

from ..measurement import MEASUREMENTS, OURS, Contest, DisagreementError, Measurement, Side

SAMPLES, AT_ONCE = 256, 128
VMAP, LOOP = "torch.func.vmap(grad)", "a loop of torch.autograd.grad"


def by_vmap(model: nn.Module, names: list[str], x: Tensor, y: Tensor) -> dict[str, Tensor]:
    constants = {name: tensor.detach() for name, tensor in (*model.named_parameters(), *model.named_buffers())}

    def loss(chosen: dict[str, Tensor], image: Tensor, label: Tensor) -> Tensor:
        return cross_entropy(functional_call(model, {**constants, **chosen}, (image[None],)), label[None])

    gradients: dict[str, Tensor] = vmap(grad(loss), in_dims=(None, 0, 0))({n: constants[n] for n in names}, x, y)
    return gradients


def by_loop(model: nn.Module, parameters: Mapping[str, nn.Parameter], x: Tensor, y: Tensor) -> dict[str, Tensor]:
    rows = [
        torch.autograd.grad(cross_entropy(model(x[i : i + 1]), y[i : i + 1]), list(parameters.values()))
        for i in range(len(x))
    ]
    return {name: torch.stack(column) for name, column in zip(parameters, zip(*rows, strict=True), strict=True)}


@contextmanager
def prepare(folder: Path) -> Iterator[Contest]:
    torch.manual_seed(0)
    model = ARCHITECTURES["resnet8-digits"].build(5).eval()
    parameters = prunable_parameters(model)
    images, labels = torch.randn(SAMPLES, 1, 8, 8), torch.randint(5, (SAMPLES,))
    chunks = list(zip(torch.split(images, AT_ONCE), torch.split(labels, AT_ONCE), strict=True))

    def ours() -> list[dict[str, Tensor]]:
        return list(gradient_stream(model, parameters, images, labels, gradients_at_once=AT_ONCE))

    yield Contest(
        Side(ours),
        {
            VMAP: Side(lambda: [by_vmap(model, list(parameters), x, y) for x, y in chunks]),
            LOOP: Side(lambda: [by_loop(model, parameters, x, y) for x, y in chunks]),
        },
        agree,
    )


def agree(answers: Mapping[str, Any]) -> None:
    for name in (VMAP, LOOP):
        for ours, theirs in zip(answers[OURS], answers[name], strict=True):
            for key in ours:
                if not torch.allclose(ours[key], theirs[key], rtol=1e-3, atol=1e-5):
                    raise DisagreementError(f"{name}: the gradients of {key} differ")


MEASUREMENTS.register("per_sample_gradients")(
    Measurement(
        title="Per-sample gradients",
        ours="zoo.second_order.gradient_stream",
        against={VMAP: "peer", LOOP: "peer"},
        compared=f"All prunable tensors of resnet8-digits, {SAMPLES} images of 8 × 8 in chunks of "
        f"{AT_ONCE}, evaluation mode.",
        unit=f"{SAMPLES} gradients",
        repeats=9,
        prepare=prepare,
    )
)
