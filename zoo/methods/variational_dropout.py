"""Sparse variational dropout: every weight learns how much noise it stands, and those that are noise leave."""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ..core.errors import UsageError
from ..posterior import Posterior, training_samples
from ..posterior.divergences import from_log_uniform, log_alpha
from ..posterior.local_noise import add_local_noise, averaged
from ..posterior.optimizer_groups import with_extra_parameters
from ..posterior.ranking import RankingConfig, checked, prune_lowest
from ..pruner import Pruner
from . import METHODS, MaskBehaviour, Method, MethodFacts

_LOG_VARIANCE = "log_variance."


@dataclass(frozen=True)
class VariationalDropoutConfig(RankingConfig):
    """Noise, what it costs, and when it is too much.

    ``initial_log_variance``: log σ² at first. ``divergence``: the weight of KL/N in the loss once it has risen, along a
    line, over the first ``warm_up`` of the run (a fraction). ``threshold``: a weight with a larger log α goes; 3 is the
    authors', 0.5 what Gale et al. took for ResNet-50. ``steer``: those with the largest log α go along a cubic curve to
    the target instead, and the threshold is what comes of it; False leaves sparsity to ``divergence`` and
    ``threshold``, as published. ``variance_rate``: the learning rate of log σ², times that of the weights; 1 is the
    authors', who train for a hundred thousand steps and more. ``samples``: N, None for the size of the training set.
    """

    initial_log_variance: float = -10.0
    divergence: float = 1.0
    warm_up: float = 0.5
    threshold: float = 3.0
    steer: bool = True
    variance_rate: float = 100.0
    samples: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        right = self.divergence >= 0 and 0.0 <= self.warm_up <= 1.0 and self.variance_rate > 0
        if not (right and (self.samples is None or self.samples > 0)):
            raise UsageError(
                "Variational dropout needs divergence >= 0, warm_up in [0, 1], variance_rate and samples above 0; got "
                f"{self.divergence}, {self.warm_up}, {self.variance_rate} and {self.samples}."
            )


@METHODS.register("variational-dropout")
class VariationalDropout(Method):
    """Molchanov et al. 2017 with additive noise, w ~ N(θ, σ²) and α = σ²/θ², drawn in the outputs of layers."""

    facts = MethodFacts(
        title="Variational dropout",
        family="bayesian",
        paper="Variational Dropout Sparsifies Deep Neural Networks (arXiv 1701.05369)",
        mask_behaviour=MaskBehaviour.NESTED,
        starts_from="scratch",
        exact_target=False,
    )
    config_type = VariationalDropoutConfig
    short_runs = MappingProxyType({"noisy": {"initial_log_variance": -4.0, "warm_up": 0.0}})

    def prepare(self, pruner: Pruner) -> None:
        """Give every weight its noise, and layers theirs."""
        config: VariationalDropoutConfig = self.config
        pruner.memory["samples"] = torch.tensor(float(training_samples(pruner, config.samples)))
        for name, weight in pruner.prunable.items():
            first = torch.full_like(weight.detach(), config.initial_log_variance)
            pruner.memory[_LOG_VARIANCE + name] = nn.Parameter(first)
        add_local_noise(pruner, lambda name: pruner.memory[_LOG_VARIANCE + name].exp() * pruner.masks[name])

    def optimizer(self, pruner: Pruner, make: Callable[[], Optimizer]) -> Optimizer:
        """The ordinary one, which trains log σ² too; weights have a prior instead of weight decay."""
        config: VariationalDropoutConfig = self.config
        variances = [pruner.memory[_LOG_VARIANCE + name] for name in pruner.prunable]
        return with_extra_parameters(make(), pruner.prunable.values(), variances, config.variance_rate, decays=False)

    def after_backward(self, pruner: Pruner) -> bool:
        """Add the gradients of the divergence, as much of it as the warm-up has let in."""
        config: VariationalDropoutConfig = self.config
        warm = config.warm_up * pruner.total_steps
        risen = min(1.0, pruner.step / warm) if warm > 0 else 1.0
        strength = risen * config.divergence / float(pruner.memory["samples"])
        for name, weight in pruner.prunable.items():
            variance = pruner.memory[_LOG_VARIANCE + name]
            mean, log_variance = weight.detach().requires_grad_(), variance.detach().requires_grad_()
            with torch.enable_grad():
                each = from_log_uniform(log_alpha(mean, log_variance))
                total = strength * (each * pruner.masks[name]).sum()
            of_mean, of_variance = torch.autograd.grad(total, (mean, log_variance))
            weight.grad = of_mean if weight.grad is None else weight.grad + of_mean
            variance.grad = of_variance if variance.grad is None else averaged(variance.grad) + of_variance
        return False

    def after_step(self, pruner: Pruner) -> None:
        """Remove the weights that are noise."""
        config: VariationalDropoutConfig = self.config
        if config.steer:
            prune_lowest(pruner, config, lambda: {name: -each for name, each in _log_alphas(pruner).items()})
        elif config.schedule(pruner.target, pruner.total_steps).is_update(pruner.step) or _is_last(pruner):
            found = checked(_log_alphas(pruner), pruner.step)
            pruner.set_masks({name: mask & (found[name] <= config.threshold) for name, mask in pruner.masks.items()})

    def posterior(self, pruner: Pruner) -> Posterior:
        """σ of the last step."""
        deviations = {name: (0.5 * pruner.memory[_LOG_VARIANCE + name].detach()).exp() for name in pruner.prunable}
        return Posterior("variational-dropout", int(pruner.memory["samples"]), deviations)


def _log_alphas(pruner: Pruner) -> dict[str, Tensor]:
    return {
        name: log_alpha(weight.detach(), pruner.memory[_LOG_VARIANCE + name].detach())
        for name, weight in pruner.prunable.items()
    }


def _is_last(pruner: Pruner) -> bool:
    return pruner.step == pruner.total_steps - 1
