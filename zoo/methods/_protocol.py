"""What a pruning method is: a frozen configuration, declared facts, and five hooks around a training step.

A method is given the :class:`~zoo.pruner.Pruner`, which owns all state: the model, the masks (1 = kept), the step, the
random generator and the stream of calibration batches. A method that needs state of its own keeps tensors in
``pruner.memory`` (a ``dict[str, Tensor]`` that travels in ``Pruner.state_dict``), so that every run can be resumed.

The order of calls, for a run of ``pruner.total_steps`` steps (counted from 0)::

    method.prepare(pruner)                       # once; may set masks, change weights, do one-shot pruning
    optimizer = method.optimizer(pruner, make)   # once; ``make()`` builds the run's ordinary optimizer
    for each step:
        loss = cross_entropy(...) + method.extra_loss(pruner)
        loss.backward()
        if not method.after_backward(pruner):    # True = this step's mask update replaces the optimizer's step (RigL)
            optimizer.step()
        method.after_step(pruner)                # pruned weights and their momenta have just been zeroed again
    method.finalize(pruner)                      # once; leaves plain dense tensors in the model

The pruner, not the method, keeps pruned weights at +0.0: after every step it masks the weights and the optimizer's
per-weight buffers, so that weight decay and momentum cannot resurrect a weight; ``pruner.set_masks`` does so at once.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar

from torch import Tensor
from torch.optim import Optimizer

if TYPE_CHECKING:
    import zoo.pruner


class MaskBehaviour(Enum):
    """How masks may change in time; the conformance suite checks it."""

    NESTED = "nested"  # a pruned weight never returns
    CONSTANT_COUNT = "constant_count"  # the number of kept weights per tensor stays; positions move
    FREE = "free"


@dataclass(frozen=True)
class MethodFacts:
    """What the catalogue, the documentation and the conformance suite know of a method."""

    title: str
    family: str  # "magnitude", "second-order", "regrowth", "bayesian", "random", "dense"
    paper: str  # title and identifier, e.g. "Rigging the Lottery (arXiv 1911.11134)"
    mask_behaviour: MaskBehaviour
    starts_from: str  # "dense parent" or "scratch"
    exact_target: bool = True  # False: sparsity is an outcome (STR, variational dropout, L0), stored as measured
    needs_calibration: bool = False


class Method:
    """The base of every method. ``config`` is a frozen dataclass; unknown keys are refused when it is made."""

    facts: ClassVar[MethodFacts]
    config_type: ClassVar[type[Any]]

    def __init__(self, config: Any | None = None) -> None:
        self.config = self.config_type() if config is None else config

    def prepare(self, pruner: "zoo.pruner.Pruner") -> None:
        """Set the first masks. The default keeps everything."""

    def optimizer(self, pruner: "zoo.pruner.Pruner", make: Callable[[], Optimizer]) -> Optimizer:  # noqa: ARG002
        """The optimizer of the run. The default is the ordinary one."""
        return make()

    def extra_loss(self, pruner: "zoo.pruner.Pruner") -> Tensor | None:  # noqa: ARG002
        """A term added to the loss of this step, or None."""
        return None

    def after_backward(self, pruner: "zoo.pruner.Pruner") -> bool:  # noqa: ARG002
        """Look at the gradients; True replaces the optimizer's step by what was done here."""
        return False

    def after_step(self, pruner: "zoo.pruner.Pruner") -> None:
        """Update masks after the optimizer's step."""

    def finalize(self, pruner: "zoo.pruner.Pruner") -> None:
        """Leave the model with plain dense tensors (fold thresholds, posterior means and the like)."""
