"""The run's optimizer, when it trains more than the model's parameters."""

from collections.abc import Iterable, Sequence
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer


def with_extra_parameters(
    optimizer: Optimizer,
    prunable: Iterable[nn.Parameter],
    extra: Sequence[Tensor],
    rate: float,
    *,
    decays: bool,
) -> Optimizer:
    """Add ``extra`` at ``rate`` times the learning rate, never decayed.

    ``decays`` False spares the ``prunable`` weights from weight decay too, where a prior takes its place.
    """
    base = optimizer.param_groups[0]["lr"]
    if not decays:
        mine = {id(weight) for weight in prunable}
        for group in list(optimizer.param_groups):
            spared = [each for each in group["params"] if id(each) in mine]
            group["params"] = [each for each in group["params"] if id(each) not in mine]
            if spared:
                optimizer.add_param_group({**_settings(group), "params": spared, "weight_decay": 0.0})
        optimizer.param_groups = [group for group in optimizer.param_groups if group["params"]]
    optimizer.add_param_group({"params": list(extra), "lr": rate * base, "weight_decay": 0.0})
    return optimizer


def _settings(group: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in group.items() if name != "params"}
