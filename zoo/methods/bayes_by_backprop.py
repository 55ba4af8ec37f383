"""Bayes by Backprop: every weight is a Gaussian, learned by gradients of the evidence; uncertain ones leave."""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from ..core.errors import UsageError
from ..masks import Masks
from ..posterior import Posterior, signal_to_noise, training_samples
from ..posterior.deviations import PARAMETRISATIONS, of_rho, rho_of
from ..posterior.divergences import from_gaussian, from_laplace, from_mixture
from ..posterior.local_noise import add_local_noise, averaged
from ..posterior.optimizer_groups import with_extra_parameters
from ..posterior.ranking import RankingConfig, checked, prune_lowest
from ..pruner import Pruner
from . import EVERY_PATTERN, METHODS, MaskBehaviour, Method, MethodFacts

_RHO, _MEAN, _NOISE, _FISHER = "rho.", "mean.", "noise.", "fisher."
PRIORS = ("gaussian", "laplace", "mixture")
REPARAMETERISATIONS = ("weights", "local")
RANKINGS = ("signal-to-noise", "magnitude-fisher")
FISHER_BETA = 0.999
"""Of Adam, whose second moments Mohan et al. take for the Fisher."""


@dataclass(frozen=True)
class BayesByBackpropConfig(RankingConfig):
    """The posterior, its prior, and what ranks weights; the defaults are those of Mohan et al. (arXiv 2201.01203).

    ``prior``: "gaussian" N(0, s²), "laplace" with scale s, both with their divergence in closed form, or Blundell's
    "mixture" of two Gaussians. ``prior_scale``: s. ``mixture_scales`` and ``mixture_share`` (of the first) are within
    the ranges that Blundell et al. searched. ``temperature``: T; the loss is NLL + T · KL / N, so that 1 is Bayes' rule
    and less a "cold" posterior. ``samples``: N, None for the size of the training set.
    ``initial_ratio``: the first σ, as a part of the root mean square of its tensor's weights. The authors draw
    μ from U(-0.1, 0.1) and log σ from U(-5, -4), which is 0.2; here networks start from trained weights.
    ``parametrisation``: "log", σ = exp(ρ), or "softplus". ``deviation_rate``: the learning rate of ρ, times that of the
    weights. By gradient descent ρ moves by 0.01 in a training on digits at 1, and by 0.4 at 100, our value; with Adam,
    which the authors use, 1 is enough. ``reparameterisation``: "weights" draws them once a step, as the authors do;
    "local" draws the outputs of layers, at twice the price.
    ``ranking``: "signal-to-noise", |μ|/σ; "magnitude-fisher" removes a part 1 - ``fisher_share`` of what has to leave
    by the smallest |μ|, the rest by the smallest Fisher information of μ. The authors rank fully connected layers only.
    """

    prior: str = "gaussian"
    prior_scale: float = 0.1
    mixture_scales: tuple[float, float] = (1.0, 0.0025)
    mixture_share: float = 0.5
    temperature: float = 0.01
    samples: int | None = None
    initial_ratio: float = 0.2
    parametrisation: str = "log"
    deviation_rate: float = 100.0
    reparameterisation: str = "weights"
    ranking: str = "signal-to-noise"
    fisher_share: float = 0.3

    def __post_init__(self) -> None:
        super().__post_init__()
        words = {
            "prior": PRIORS,
            "parametrisation": PARAMETRISATIONS,
            "reparameterisation": REPARAMETERISATIONS,
            "ranking": RANKINGS,
        }
        for name, known in words.items():
            if getattr(self, name) not in known:
                raise UsageError(f"{name} is one of {', '.join(known)}, got {getattr(self, name)!r}.")
        positive = (self.prior_scale, *self.mixture_scales, self.initial_ratio, self.deviation_rate)
        shares = 0.0 < self.mixture_share < 1.0 and 0.0 <= self.fisher_share <= 1.0
        if not (min(positive) > 0 and self.temperature >= 0 and shares and (self.samples is None or self.samples > 0)):
            raise UsageError(
                "Bayes by Backprop needs scales, rates, initial_ratio and samples above 0, temperature at least 0, "
                f"and shares within 0 and 1; got {self}."
            )


@METHODS.register("bayes-by-backprop")
class BayesByBackprop(Method):
    """q = Π N(μ, σ²), trained on NLL + T · KL(q ‖ prior) / N. Weight decay does not act on μ: the prior does."""

    facts = MethodFacts(
        title="Bayes by Backprop",
        family="bayesian",
        paper="Weight Uncertainty in Neural Networks (arXiv 1505.05424); Quantifying Uncertainty in Deep Learning "
        "Approaches to Radio Galaxy Classification (arXiv 2201.01203)",
        mask_behaviour=MaskBehaviour.NESTED,
        starts_from="dense parent",
        patterns=EVERY_PATTERN,
    )
    config_type = BayesByBackpropConfig
    short_runs = MappingProxyType(
        {
            "local": {"reparameterisation": "local", "prior": "laplace", "parametrisation": "softplus"},
            "fisher": {"ranking": "magnitude-fisher", "prior": "mixture"},
        }
    )

    def prepare(self, pruner: Pruner) -> None:
        """Give every weight its first deviation."""
        config: BayesByBackpropConfig = self.config
        pruner.memory["samples"] = torch.tensor(float(training_samples(pruner, config.samples)))
        for name, weight in pruner.prunable.items():
            values = weight.detach()
            # A layer that starts at zero, as some residual branches end, has the prior's scale to go by.
            size = values.square().mean().sqrt()
            first = config.initial_ratio * torch.where(size > 0, size, config.prior_scale)
            pruner.memory[_RHO + name] = nn.Parameter(
                rho_of(torch.full_like(values, float(first)), config.parametrisation)
            )
            if config.ranking == "magnitude-fisher":
                pruner.memory[_FISHER + name] = torch.zeros_like(values)
        if config.reparameterisation == "local":
            add_local_noise(pruner, lambda name: self._deviation(pruner, name).square() * pruner.masks[name])

    def optimizer(self, pruner: Pruner, make: Callable[[], Optimizer]) -> Optimizer:
        """The ordinary one, which trains ρ too; neither μ nor ρ decays."""
        config: BayesByBackpropConfig = self.config
        rhos = [pruner.memory[_RHO + name] for name in pruner.prunable]
        return with_extra_parameters(make(), pruner.prunable.values(), rhos, config.deviation_rate, decays=False)

    @torch.no_grad()
    def before_forward(self, pruner: Pruner) -> None:
        """Draw the noise of this step, and put drawn weights in unless layers draw their outputs."""
        generator = pruner.draw()
        for name, weight in pruner.prunable.items():
            noise = torch.empty_like(weight).normal_(generator=generator).masked_fill_(~pruner.masks[name], 0.0)
            pruner.memory[_NOISE + name] = noise
            if self.config.reparameterisation == "weights":
                pruner.memory[_MEAN + name] = weight.detach().clone()
                weight.add_(self._deviation(pruner, name) * noise)

    def after_backward(self, pruner: Pruner) -> bool:
        """Put the means back, turn the gradients into those of μ and ρ, and add those of the divergence."""
        self._restore(pruner)
        strength = self.config.temperature / float(pruner.memory["samples"])
        for name, weight in pruner.prunable.items():
            rho = pruner.memory[_RHO + name]
            seen = torch.zeros_like(weight) if weight.grad is None else weight.grad
            of_mean, of_rho_ = self._divergence_gradients(pruner, name, strength)
            if self.config.reparameterisation == "local":
                of_data = torch.zeros_like(rho) if rho.grad is None else averaged(rho.grad)
            else:
                of_data = seen * pruner.memory[_NOISE + name] * self._slope(rho)
            weight.grad, rho.grad = seen + of_mean, of_data + of_rho_
            if (fisher := pruner.memory.get(_FISHER + name)) is not None:
                fisher.lerp_(weight.grad.square(), 1.0 - FISHER_BETA)
        return False

    def after_step(self, pruner: Pruner) -> None:
        """Forget the draw, and remove the weights that are least certain not to be zero."""
        self._restore(pruner)  # gradients that overflowed came by no other way
        for name in pruner.prunable:
            pruner.memory.pop(_NOISE + name, None)
        config: BayesByBackpropConfig = self.config
        if config.ranking == "signal-to-noise":
            prune_lowest(pruner, config, lambda: self._ratios(pruner))
            return
        schedule = config.schedule(pruner.target, pruner.total_steps)
        if schedule.is_update(pruner.step):
            pruner.set_masks(self._hybrid(pruner, schedule.target(pruner.step)))

    def posterior(self, pruner: Pruner) -> Posterior:
        """σ of the last step."""
        deviations = {name: self._deviation(pruner, name).detach() for name in pruner.prunable}
        return Posterior("mean-field", int(pruner.memory["samples"]), deviations)

    def _deviation(self, pruner: Pruner, name: str) -> Tensor:
        return of_rho(pruner.memory[_RHO + name], self.config.parametrisation)

    def _slope(self, rho: Tensor) -> Tensor:
        """∂σ/∂ρ."""
        return rho.detach().exp() if self.config.parametrisation == "log" else torch.sigmoid(rho.detach())

    def _divergence_gradients(self, pruner: Pruner, name: str, strength: float) -> tuple[Tensor, Tensor]:
        config: BayesByBackpropConfig = self.config
        mean = pruner.prunable[name].detach().requires_grad_()
        rho = pruner.memory[_RHO + name].detach().requires_grad_()
        with torch.enable_grad():
            deviation = of_rho(rho, config.parametrisation)
            if config.prior == "mixture":
                noise = pruner.memory[_NOISE + name]
                each = from_mixture(mean, deviation, noise, config.mixture_scales, config.mixture_share)
            else:
                closed = from_gaussian if config.prior == "gaussian" else from_laplace
                each = closed(mean, deviation, config.prior_scale)
            total = strength * (each * pruner.masks[name]).sum()
        of_mean, of_rho_ = torch.autograd.grad(total, (mean, rho))
        return of_mean, of_rho_

    @torch.no_grad()
    def _restore(self, pruner: Pruner) -> None:
        for name, weight in pruner.prunable.items():
            mean = pruner.memory.pop(_MEAN + name, None)
            if mean is not None:
                weight.copy_(mean)

    def _ratios(self, pruner: Pruner) -> dict[str, Tensor]:
        return {
            name: signal_to_noise(weight.detach(), self._deviation(pruner, name).detach())
            for name, weight in pruner.prunable.items()
        }

    def _hybrid(self, pruner: Pruner, sparsity: float) -> Masks:
        """First the smallest |μ|, then, of what is left, those whose change the loss notices least.

        In a pattern, units are ranked by the Fisher information of what the first step would have left of them.
        """
        config: BayesByBackpropConfig = self.config
        magnitudes = {name: weight.detach().abs() for name, weight in pruner.prunable.items()}
        fisher = {name: pruner.memory[_FISHER + name] for name in pruner.prunable}
        checked(magnitudes, pruner.step)
        now = pruner.sparsity()
        between = max(now, sparsity - config.fisher_share * (sparsity - now))
        first = config.masks(magnitudes, between, pruner.masks)
        smallest = torch.finfo(torch.float64).tiny
        scores = {
            name: each.double().clamp_min(smallest) * first[name] for name, each in checked(fisher, pruner.step).items()
        }
        return config.masks(scores, sparsity, pruner.masks, pruner.structure)
