"""The one stateful object of a pruning run: model, masks, step, random generator, the method's own tensors."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils.hooks import RemovableHandle

from .core.errors import UsageError
from .errors import MaskError, TargetMissedError
from .masks import Masks, count_for, sparsity_of, zero_pruned
from .methods._protocol import Method, check_pattern
from .patterns import UNSTRUCTURED, NByM, Pattern
from .prunable import prunable_parameters
from .scratch import Scratch
from .second_order.samples import calibration_batches
from .structures import structure_of

Batches = Iterator[tuple[Tensor, Tensor]]

OUTCOME_TOLERANCE = 0.005
"""How far (fraction of the prunable weights) a method whose sparsity is an outcome may end from the target."""


class Pruner:
    """Drives a :class:`Method` through a run; the order of calls is written in ``zoo/methods/_protocol.py``.

    Args:
        model: changed in place.
        method: what decides the masks.
        target: sparsity to end at, fraction of zeros over all prunable weights; that of N:M follows from the pattern.
        pattern: that the zeros have to follow.
        total_steps: length of the run.
        seed: of :attr:`generator`, the only source of chance a method may use.
        calibration: makes a fresh iterator of (images "n c h w", labels "n") batches of training data.
        workspace: folder for what takes a method long to work out, and is worked out again where it is gone.
        samples: images of an epoch; None where nobody knows, and who asks counts those of ``calibration``.

    Whenever a method looks, pruned weights and their momenta are zero: :meth:`set_masks` applies at once, and every
    optimizer step is followed by :meth:`apply_masks`. Only masks that were set with ``hold=False`` are not applied.
    """

    def __init__(
        self,
        model: nn.Module,
        method: Method,
        *,
        target: float,
        total_steps: int,
        seed: int,
        calibration: Callable[[], Batches] | None = None,
        pattern: Pattern = UNSTRUCTURED,
        workspace: Path | None = None,
        samples: int | None = None,
    ) -> None:
        check_pattern(method.facts, pattern)
        if isinstance(pattern, NByM) and target != pattern.sparsity:
            raise UsageError(f"The sparsity of {pattern} is {pattern.sparsity:g}, not {target}.")
        if not 0.0 <= target < 1.0:
            raise UsageError(
                f"A sparsity is at least 0 and below 1, got {target}.", "0.90 removes nine weights of ten."
            )
        self.model = model
        self.method = method
        self.target = target
        self.pattern = pattern
        self.total_steps = total_steps
        self.calibration = calibration
        self.workspace = workspace
        self.samples = samples
        self.prunable = prunable_parameters(model)
        if not self.prunable:
            raise MaskError(f"{type(model).__name__} has no convolution and no linear layer to prune.")
        self.structure = structure_of(pattern, model, self._image_shape)
        self.masks: Masks = {name: torch.ones_like(weight, dtype=torch.bool) for name, weight in self.prunable.items()}
        self.step = 0
        self.generator = torch.Generator().manual_seed(seed)
        self.memory: dict[str, Tensor] = {}
        self.optimizer: Optimizer | None = None
        self.scratch: Scratch | None = None  # where measurements inside one step are kept; None keeps none
        self.hooks: list[RemovableHandle] = []
        self.holds = True
        self.learned = False  # whether this step's gradients were of use; False in after_step where they overflowed
        self._pruned: Masks = {}  # complements of the masks that remove something

    @property
    def numel(self) -> int:
        """Prunable weights of the model."""
        return sum(self.numels.values())

    @property
    def numels(self) -> dict[str, int]:
        """Prunable weights of each tensor."""
        return {name: weight.numel() for name, weight in self.prunable.items()}

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of the prunable weights, for :mod:`zoo.allocation`."""
        return {name: tuple(weight.shape) for name, weight in self.prunable.items()}

    def sparsity(self) -> float:
        """Fraction of pruned weights, over the prunable ones."""
        return sparsity_of(self.masks)

    def set_masks(self, masks: Mapping[str, Tensor], *, hold: bool = True) -> None:
        """Replace the masks (True = kept) and apply them at once; raises :class:`MaskError` for a misfit.

        With ``hold=False`` they only say which weights the method has made zero, and may change by themselves.
        """
        if set(masks) != set(self.prunable):
            raise MaskError(
                f"Masks for other tensors than the prunable ones: {sorted(set(masks) ^ set(self.prunable))}."
            )
        for name, weight in self.prunable.items():
            if masks[name].shape != weight.shape or masks[name].dtype != torch.bool:
                raise MaskError(
                    f"The mask of {name} must be bool of shape {tuple(weight.shape)}, "
                    f"got {masks[name].dtype} of shape {tuple(masks[name].shape)}."
                )
        self.masks = {name: masks[name].to(weight.device) for name, weight in self.prunable.items()}
        self.holds = hold
        self._pruned = {name: ~mask for name, mask in self.masks.items() if hold and not bool(mask.all())}
        self.apply_masks()

    def apply_masks(self) -> None:
        """Write +0.0 at pruned positions of the weights and of the optimizer's buffers of the same shape."""
        for name, pruned in self._pruned.items():
            zero_pruned(self.prunable[name], pruned, self.optimizer)

    def forget_momentum(self) -> None:
        """Let the optimizer start anew: its averages belong to weights that are no more."""
        if self.optimizer is not None:
            self.optimizer.state.clear()

    def begin(self, make_optimizer: Callable[[], Optimizer]) -> Optimizer:
        """Prepare the method and make the run's optimizer."""
        self.method.prepare(self)
        if self.total_steps == 0 and self.method.facts.starts_from == "dense parent":
            self.method.after_step(self)  # what prunes along a schedule does it at once
        self.optimizer = self.method.optimizer(self, make_optimizer)
        self.apply_masks()
        return self.optimizer

    def draw(self) -> torch.Generator:
        """A generator on the device of the weights that starts anew at every call, from :attr:`generator`.

        Draws of millions of numbers are made where they are needed, and the state of a run stays small.
        """
        seed = int(torch.randint(2**62, (), generator=self.generator))
        return torch.Generator(next(iter(self.prunable.values())).device).manual_seed(seed)

    def before_forward(self) -> None:
        """Let the method put the weights in that this step's forward pass sees."""
        self.method.before_forward(self)

    def extra_loss(self) -> Tensor | None:
        """The method's term of this step's loss."""
        return self.method.extra_loss(self)

    def learning_rate_position(self) -> tuple[int, int]:
        """(step, steps) of the learning-rate schedule."""
        return self.method.learning_rate_position(self)

    def after_backward(self) -> bool:
        """Show the method the gradients; True means that it replaced this step of the optimizer."""
        self.learned = True
        return self.method.after_backward(self)

    def gradient_counts(self) -> Mapping[str, int] | None:
        """How many weights of each tensor this step needs the gradient of; None for just those that are kept."""
        return self.method.gradient_counts(self)

    def after_step(self) -> None:
        """Hold the zeros, let the method change the masks, and count the step."""
        self.apply_masks()
        self.method.after_step(self)
        self.step += 1
        self.learned = False

    def finalize(self) -> None:
        """Leave plain dense tensors; raises :class:`TargetMissedError` if a promised target was missed."""
        while self.hooks:
            self.hooks.pop().remove()
        self.method.finalize(self)
        self.apply_masks()
        misfit = self._misfit()
        if misfit is not None:
            facts, kept = self.method.facts, sum(int(mask.sum()) for mask in self.masks.values())
            raise TargetMissedError(
                f"{facts.title} keeps {kept} weights after {self.step} of {self.total_steps} steps, {misfit}.",
                "Train longer, so that the schedule can end."
                if facts.exact_target
                else f"Ask for {1.0 - kept / self.numel:.2f}, which these settings reach, or change them.",
            )

    def _misfit(self) -> str | None:
        """What the masks miss of what was asked for."""
        if self.method.facts.exact_target:
            return self.structure.misfit(self.masks, self.target)
        kept, wanted = sum(int(mask.sum()) for mask in self.masks.values()), count_for(self.target, self.numel)
        missed = abs(kept - wanted) > OUTCOME_TOLERANCE * self.numel
        return f"not the {wanted} of sparsity {self.target}" if missed else None

    def _image_shape(self) -> tuple[int, ...]:
        """(channels, height, width) of the images of the run."""
        images, _ = next(calibration_batches(self.calibration))
        return tuple(images.shape[1:])

    def state_dict(self) -> dict[str, Any]:
        """What a resumed run needs besides the state of the model and of the optimizer."""
        return {
            "target": self.target,
            "pattern": str(self.pattern),
            "total_steps": self.total_steps,
            "step": self.step,
            "masks": {name: mask.clone() for name, mask in self.masks.items()},
            "holds": self.holds,
            "memory": {name: tensor.detach().clone() for name, tensor in self.memory.items()},
            "generator": self.generator.get_state(),
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Continue a run: call after :meth:`begin` and after model and optimizer were loaded."""
        saved = (state["target"], state["pattern"], state["total_steps"])
        if saved != (self.target, str(self.pattern), self.total_steps):
            raise UsageError(
                f"The saved run has target {saved[0]}, {saved[1]}, in {saved[2]} steps, "
                f"this one {self.target}, {self.pattern}, in {self.total_steps}."
            )
        self.step = state["step"]
        self._load_memory(state["memory"])
        self.generator.set_state(state["generator"])
        self.set_masks(state["masks"], hold=state["holds"])

    @torch.no_grad()
    def _load_memory(self, saved: Mapping[str, Tensor]) -> None:
        known = {name: tensor for name, tensor in self.memory.items() if name in saved}
        self.memory = {name: tensor.clone() for name, tensor in saved.items()}
        for name, tensor in known.items():
            if tensor.shape == saved[name].shape:
                self.memory[name] = tensor.copy_(saved[name])  # the optimizer may hold it
