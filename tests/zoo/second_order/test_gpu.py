"""The engine on a GPU gives what it gives on the processor, to rounding."""

from functools import partial

import pytest
import torch
from second_order_runs import flat, one_shot
from torch import Tensor

from zoo.second_order import BlockLayout, block_fisher_inverse

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device"),
]

SETTINGS = {"m-fac": {"samples_per_gradient": 2, "recomputations": 2}}


def gradients(device: str) -> dict[str, Tensor]:
    generator = torch.Generator().manual_seed(0)
    shapes = {"a": (7, 9), "b": (5,)}
    return {name: torch.randn(40, *shape, generator=generator).to(device) for name, shape in shapes.items()}


def one_portion(chunk: dict[str, Tensor], _skip: int) -> list[dict[str, Tensor]]:
    return [chunk]


@pytest.mark.parametrize("size", [1, 8, 100])
@pytest.mark.parametrize("damping", [1e-2, 1e-9])
def test_inverses_are_those_of_the_processor(size: int, damping: float) -> None:
    found = []
    for device in ("cpu", "cuda"):
        chunk = gradients(device)
        layout = BlockLayout.of({name: g[0] for name, g in chunk.items()}, size)
        fisher = block_fisher_inverse(partial(one_portion, chunk), layout, damping, device=device)
        assert fisher.inverse.device.type == device
        found.append(fisher.dense().cpu())
    scale = found[0].diagonal(dim1=1, dim2=2).sqrt()
    unit = scale[:, :, None] * scale[:, None, :]
    torch.testing.assert_close(found[0] / unit, found[1] / unit, rtol=0.0, atol=2e-3)


@pytest.mark.parametrize("name", ["block-fisher", "cap", "m-fac", "obd", "obert", "obs", "woodfisher"])
def test_a_change_of_masks_is_that_of_the_processor(name: str) -> None:
    found = []
    for device in ("cpu", "cuda"):
        more = {} if name in ("obd",) else {"damping": 1e-3}
        pruner = one_shot(name, device=device, **SETTINGS.get(name, {}), **more)
        pruner.after_step()
        assert flat(pruner.masks).device.type == device
        found.append((flat(pruner.masks).cpu(), flat(pruner.prunable).cpu()))
    assert int((found[0][0] != found[1][0]).sum()) <= 2, "near ties may fall otherwise"
    agree = found[0][0] == found[1][0]
    torch.testing.assert_close(found[0][1][agree], found[1][1][agree], rtol=0.0, atol=1e-2)
