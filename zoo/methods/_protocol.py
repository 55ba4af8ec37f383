"""What a pruning method is: a frozen configuration, declared facts, and hooks around a training step.

A method is given the :class:`~zoo.pruner.Pruner`, which owns all state: the model, the masks (1 = kept), the step, the
random generator and the stream of calibration batches. A method that needs state of its own keeps tensors in
``pruner.memory`` (a ``dict[str, Tensor]`` that travels in ``Pruner.state_dict``), so that every run can be resumed. A
tensor that the optimizer trains keeps its identity when a run is resumed: it is loaded in place.

The order of calls, for a run of ``pruner.total_steps`` steps (counted from 0)::

    method.prepare(pruner)                       # once; may set masks, change weights, do one-shot pruning
    optimizer = method.optimizer(pruner, make)   # once; ``make()`` builds the run's ordinary optimizer
    for each step:
        method.before_forward(pruner)            # may put other weights in, for this step's forward pass alone
        loss = cross_entropy(...) + method.extra_loss(pruner)
        loss.backward()
        if not method.after_backward(pruner):    # True = this step's mask update replaces the optimizer's step (RigL)
            optimizer.step()
        method.after_step(pruner)                # pruned weights and their momenta have just been zeroed again
    method.finalize(pruner)                      # once; leaves plain dense tensors in the model

The pruner, not the method, keeps pruned weights at +0.0: after every step it masks the weights and the optimizer's
per-weight buffers, so that weight decay and momentum cannot resurrect a weight; ``pruner.set_masks`` does so at once.

A method that trains *latent* weights, of which the forward pass sees only a part or a function (STR, Top-KAST), needs
no wrapped layers. Its model always holds the weights as the forward pass sees them, so that whoever evaluates or
saves it gets the sparse network; the latent ones are in ``pruner.memory``. ``after_backward`` puts them in and turns
the gradients into theirs, the optimizer steps, ``after_step`` keeps them and puts the visible ones back. Such a method
sets its masks with ``hold=False``, which says what is zero now and leaves the zeros to the method.

A method that chooses by a score offers every pattern (``patterns=EVERY_PATTERN`` in its facts) once it hands the
structure of the run to the selection: ``config.masks(scores, sparsity, within, pruner.structure)``, or
``SelectionConfig().masks(...)`` where its configuration is none of those; random masks likewise by
``config.drawn(...)``. A method that does something else with a pattern finds it as ``pruner.pattern``. What its facts
do not offer is refused before anything begins.

A method that trains a *distribution* of weights shows its means. ``before_forward`` puts a draw in, ``after_backward``
(``after_step`` where gradients overflowed) the means again. Weights are drawn by ``pruner.draw``, the same in all
processes; what a layer draws for its own outputs is drawn like dropout, by torch's global generator, which every step
seeds anew. Forward hooks on layers go into ``pruner.hooks``, which ``finalize`` empties.

Gradients in ``after_backward`` are those of the whole batch: averaged over processes and accumulation, and unscaled.
Where they overflowed (fp16) it is left out and the optimizer does nothing; ``after_step`` is called all the same, with
``pruner.learned`` False.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, ClassVar

from torch import Tensor
from torch.optim import Optimizer

from ..core.errors import UsageError
from ..patterns import Block, Channel, NByM, Pattern, Unstructured

if TYPE_CHECKING:
    import zoo.posterior
    import zoo.pruner

EVERY_PATTERN = (Unstructured.kind, NByM.kind, Block.kind, Channel.kind)


class MaskBehaviour(Enum):
    """How masks may change in time; the conformance suite checks it."""

    NESTED = "nested"  # a pruned weight never returns
    CONSTANT_COUNT = "constant_count"  # the number of kept weights per tensor stays; positions move
    FREE = "free"


@dataclass(frozen=True)
class MethodFacts:
    """What the catalogue, the documentation and the conformance suite know of a method."""

    title: str
    family: str  # "magnitude", "second-order", "regrowth", "at initialisation", "bayesian", "random", "dense"
    paper: str  # title and identifier, e.g. "Rigging the Lottery (arXiv 1911.11134)"
    mask_behaviour: MaskBehaviour
    starts_from: str  # "dense parent" or "scratch"
    exact_target: bool = (
        True  # False: sparsity is an outcome (STR, variational dropout, L0): within 0.5 points, stored as measured
    )
    needs_calibration: bool = False
    needs_labels: bool = True  # of the calibration images: False for what looks at activations alone
    rewinds: bool = (
        False  # puts the whole network back to an earlier state of the run, tensors that are not prunable too
    )
    patterns: tuple[str, ...] = (Unstructured.kind,)  # kinds of :mod:`zoo.patterns` that it can be asked for


def check_pattern(facts: MethodFacts, pattern: Pattern) -> None:
    """Raises :class:`UsageError` unless the method offers the pattern."""
    if pattern.kind not in facts.patterns:
        raise UsageError(f"{facts.title} offers the patterns {', '.join(facts.patterns)}, not {pattern}.")


class Method:
    """The base of every method. ``config`` is a frozen dataclass; unknown keys are refused when it is made.

    ``short_runs``: settings by label under which a run of two dozen steps does what a long one does, where the defaults
    do not; the conformance suite and the reports run them too.
    """

    facts: ClassVar[MethodFacts]
    config_type: ClassVar[type[Any]]
    short_runs: ClassVar[Mapping[str, Mapping[str, Any]]] = {}

    def __init__(self, config: Any | None = None) -> None:
        self.config = self.config_type() if config is None else config

    def prepare(self, pruner: "zoo.pruner.Pruner") -> None:
        """Set the first masks. The default keeps everything."""

    def optimizer(self, pruner: "zoo.pruner.Pruner", make: Callable[[], Optimizer]) -> Optimizer:  # noqa: ARG002
        """The optimizer of the run. The default is the ordinary one."""
        return make()

    def before_forward(self, pruner: "zoo.pruner.Pruner") -> None:
        """Put the weights in that this step's forward pass sees. The default leaves those that the model shows."""

    def extra_loss(self, pruner: "zoo.pruner.Pruner") -> Tensor | None:  # noqa: ARG002
        """A term added to the loss of this step, or None."""
        return None

    def after_backward(self, pruner: "zoo.pruner.Pruner") -> bool:  # noqa: ARG002
        """Look at the gradients; True replaces the optimizer's step by what was done here."""
        return False

    def after_step(self, pruner: "zoo.pruner.Pruner") -> None:
        """Update masks after the optimizer's step."""

    def gradient_counts(self, pruner: "zoo.pruner.Pruner") -> Mapping[str, int] | None:  # noqa: ARG002
        """How many weights of each tensor this step needs the gradient of; None for just those that are kept.

        It is what the training cost counts; torch computes them all. Asked for after ``after_backward``.
        """
        return None

    def finalize(self, pruner: "zoo.pruner.Pruner") -> None:
        """Leave the model with plain dense tensors (fold thresholds, posterior means and the like)."""

    def posterior(self, pruner: "zoo.pruner.Pruner") -> "zoo.posterior.Posterior | None":  # noqa: ARG002
        """The distribution around the weights that ``finalize`` left, where the method learns one."""
        return None

    def epochs(self, target: float, epochs: int) -> int:  # noqa: ARG002
        """Epochs of the whole run, where one training takes ``epochs``; methods of several rounds take more."""
        return epochs

    def learning_rate_position(self, pruner: "zoo.pruner.Pruner") -> tuple[int, int]:
        """(step, steps) that the learning-rate schedule is asked for; a method of several rounds starts it again."""
        return pruner.step, pruner.total_steps
