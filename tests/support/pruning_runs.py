"""Short pruning runs on a tiny network and random images, with everything on record that a method must not touch."""

import copy
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.optim import SGD, Optimizer

from zoo.methods import METHODS, Method
from zoo.patterns import UNSTRUCTURED, Pattern
from zoo.pruner import Pruner
from zoo.train.seeds import chance

STEPS = 24
BATCH = 10


class TinyNetwork(nn.Module):
    """Two convolutions, batch norm and a classifier with bias: 36 + 216 + 18 = 270 prunable weights."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, 3, padding=1)
        self.bn1 = nn.BatchNorm2d(4)
        self.conv2 = nn.Conv2d(4, 6, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(6)
        self.fc = nn.Linear(6, 3)

    def forward(self, x: Tensor) -> Tensor:
        x = torch.relu(self.bn1(self.conv1(x)))
        x = torch.relu(self.bn2(self.conv2(x)))
        logits: Tensor = self.fc(x.mean(dim=(2, 3)))
        return logits


def sgd(model: nn.Module) -> Optimizer:
    """Strong momentum and weight decay, so that a weight that is not held comes back."""
    return SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=0.1)


@dataclass
class Run:
    """A run in progress; ``masks`` holds the masks after each step, ``touched`` what hooks changed but may not.

    ``optimizer``, ``network`` and ``backward`` are what accelerate made of the plain ones, where a run uses it.
    """

    pruner: Pruner
    optimizer: Optimizer
    network: nn.Module
    backward: Callable[[Tensor], None] = torch.autograd.backward
    share: slice = field(default_factory=lambda: slice(None))  # of each batch, where several processes train together
    between: Callable[[], None] = lambda: None  # between the optimizer's step and the method's, where processes meet
    seen: list[dict[str, Tensor]] = field(default_factory=list)
    masks: list[dict[str, Tensor]] = field(default_factory=list)
    touched: list[str] = field(default_factory=list)
    resurrected: list[str] = field(default_factory=list)

    @property
    def model(self) -> nn.Module:
        return self.pruner.model

    def advance(self, steps: int) -> "Run":
        """Train on the batches of the steps that come next."""
        for _ in range(steps):
            x, y = batch(self.pruner.step)
            self.model.train()
            if self.pruner.method.facts.rewinds:
                self.seen.append(bystanders(self.pruner))
            self.pruner.before_forward()
            with chance(self.pruner.step, x.device):
                loss = cross_entropy(self.network(x[self.share]), y[self.share])
            extra = self.pruner.extra_loss()
            self.optimizer.zero_grad()
            self.backward(loss if extra is None else loss + extra)
            replaced = self._watched("after_backward", self.pruner.after_backward)
            if not replaced:
                self.optimizer.step()
            self.between()
            self._watched("after_step", self.pruner.after_step)
            self.masks.append({name: mask.clone() for name, mask in self.pruner.masks.items()})
            self.resurrected += held_badly(self.pruner)
        return self

    def overflow(self) -> "Run":
        """A step whose gradients were of no use: the optimizer stays where it is."""
        self._watched("after_step", self.pruner.after_step)
        self.masks.append({name: mask.clone() for name, mask in self.pruner.masks.items()})
        self.resurrected += held_badly(self.pruner)
        return self

    def finish(self) -> "Run":
        """Finalize."""
        self._watched("finalize", self.pruner.finalize)
        return self

    def save(self) -> bytes:
        """All that a resumed run needs, as bytes that load without unpickling code."""
        file = io.BytesIO()
        state = {
            "model": self.model.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "pruner": self.pruner.state_dict(),
        }
        torch.save(state, file)
        return file.getvalue()

    def restore(self, saved: bytes) -> "Run":
        """Continue where another run was saved."""
        state = torch.load(io.BytesIO(saved), weights_only=True)
        self.model.load_state_dict(state["model"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.pruner.load_state_dict(state["pruner"])
        return self

    def _watched(self, hook: str, call: Callable[[], Any]) -> Any:
        before, chance, training = bystanders(self.pruner), torch.get_rng_state(), self.model.training
        result = call()
        after = bystanders(self.pruner)
        self.touched += [
            f"{hook}: {name}"
            for name in before
            if not any(torch.equal(earlier[name], after[name]) for earlier in (before, *self.seen))
        ]
        if not torch.equal(chance, torch.get_rng_state()):
            self.touched.append(f"{hook}: the global random state")
        if training != self.model.training:
            self.touched.append(f"{hook}: the mode of the model")
        return result


def start(
    method: str | Method,
    target: float,
    *,
    seed: int = 0,
    steps: int = STEPS,
    model: nn.Module | None = None,
    make_optimizer: Callable[[nn.Module], Optimizer] = sgd,
    accelerator: Any = None,
    pattern: Pattern = UNSTRUCTURED,
) -> Run:
    """A run whose method has been prepared; networks start alike whatever the seed of the pruner."""
    if model is None:
        torch.manual_seed(1)
        model = TinyNetwork()
    chosen = METHODS[method]() if isinstance(method, str) else method
    pruner = Pruner(
        model, chosen, target=target, total_steps=steps, seed=seed, calibration=calibration, pattern=pattern
    )
    network = model
    optimizer = pruner.begin(lambda: make_optimizer(network))
    if accelerator is None:
        return Run(pruner, optimizer, network)
    return Run(pruner, accelerator.prepare(optimizer), accelerator.prepare(network), accelerator.backward)


def batch(step: int) -> tuple[Tensor, Tensor]:
    """Images and labels of one step."""
    generator = torch.Generator().manual_seed(1000 + step)
    return torch.randn(BATCH, 1, 6, 6, generator=generator), torch.randint(0, 3, (BATCH,), generator=generator)


def calibration() -> Iterator[tuple[Tensor, Tensor]]:
    """Seven batches, the same every time: two of M-FAC's gradients."""
    yield from map(batch, range(7))


def bystanders(pruner: Pruner) -> dict[str, Tensor]:
    """Copies of all tensors of the model that are not prunable: biases, norms, running statistics."""
    return {name: tensor.clone() for name, tensor in pruner.model.state_dict().items() if name not in pruner.prunable}


def held_badly(pruner: Pruner) -> list[str]:
    """Prunable tensors with a pruned position that is not +0.0, or whose momentum is not zero there."""
    wrong = []
    for name, weight in pruner.prunable.items():
        pruned = ~pruner.masks[name]
        held = weight.detach()[pruned]
        if bool((held != 0).any()) or bool(torch.signbit(held).any()):
            wrong.append(f"step {pruner.step}: {name}")
        state: Mapping[str, Any] = pruner.optimizer.state.get(weight, {}) if pruner.optimizer else {}
        for key, buffer in state.items() if pruner.holds else ():
            if isinstance(buffer, Tensor) and buffer.shape == weight.shape and bool((buffer[pruned] != 0).any()):
                wrong.append(f"step {pruner.step}: {key} of {name}")
    return wrong


def state_of(model: nn.Module) -> dict[str, Tensor]:
    """A copy of the state dict."""
    return copy.deepcopy(model.state_dict())


def differing(left: Mapping[str, Tensor], right: Mapping[str, Tensor]) -> list[str]:
    """Names whose bits differ."""
    return sorted(name for name in left.keys() | right.keys() if not torch.equal(left[name], right[name]))
