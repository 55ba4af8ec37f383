"""IVON: an optimizer that learns a Gaussian over weights for the price of Adam.

q(w) = N(m, 1 / (λ (h + δ))), with λ the number of training samples and δ the weight decay. Each step draws w = m + ε
from q, and from the gradient g there estimates the curvature by Price's theorem, ĥ = g ε λ (h + δ); then

    momentum ← β₁ momentum + (1 - β₁) g
    h ← β₂ h + (1 - β₂) ĥ + ½ (1 - β₂)² (h - ĥ)² / (h + δ)
    m ← m - α (h₀ + δ) (momentum / (1 - β₁^t) + δ m) / (h + δ)

The last term of the second line keeps h above 0. At first, where h is h₀, the third is gradient descent with rate α.

Source: Shen et al. 2024, Variational Learning is Effective for Large Deep Networks (arXiv 2402.17641), algorithm 1. The
authors' package (ivon-opt) is under the GPL, which this project's licence cannot take in; its optimizer also forgets
its step count when a run is resumed, and keeps one flat buffer for all tensors, in which nothing can be held at zero.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, overload

import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.optim import Optimizer

from ..core.errors import UsageError


def deviation(hessian: Float[Tensor, "*shape"], samples: float, weight_decay: float) -> Float[Tensor, "*shape"]:
    """σ = 1 / √(λ (h + δ)), in the unit of the weights."""
    return torch.rsqrt(samples * (hessian + weight_decay))


def next_hessian(
    hessian: Float[Tensor, "*shape"],
    gradient: Float[Tensor, "*shape"],
    noise: Float[Tensor, "*shape"],
    samples: float,
    weight_decay: float,
    beta: float,
) -> Float[Tensor, "*shape"]:
    """h after a step, from the gradient at m + ``noise``; never below 0 where it was above."""
    estimate = gradient * noise * samples * (hessian + weight_decay)
    correction = 0.5 * (1.0 - beta) ** 2 * (hessian - estimate).square() / (hessian + weight_decay)
    return beta * hessian + (1.0 - beta) * estimate + correction


class IVON(Optimizer):
    """The update above for groups with ``gaussian`` True; elsewhere h stays h₀ and nothing is drawn.

    A step is ``draw(...)``, forward and backward pass, ``restore()``, ``step()``; where the gradients were of no use,
    ``restore()`` alone. Raises :class:`UsageError` for a step without a draw, and for settings without a posterior.

    Args:
        params: parameters or groups of them; a group's ``weight_decay`` is its δ.
        lr: α.
        samples: λ; more than the training set has makes the posterior narrower ("cold").
        weight_decay: δ > 0 where weights are Gaussian, for it is the precision of the prior over λ.
        hessian: h₀ > 0, in the unit of the mean loss's second derivative.
        betas: β₁ and β₂.
        clip_radius: the largest change of a weight per unit of rate, before α (h₀ + δ).
    """

    def __init__(
        self,
        params: Iterable[Any],
        lr: float,
        *,
        samples: float,
        weight_decay: float,
        hessian: float = 0.05,
        betas: tuple[float, float] = (0.9, 0.999995),
        clip_radius: float = float("inf"),
    ) -> None:
        super().__init__(
            params,
            {
                "lr": lr,
                "samples": samples,
                "weight_decay": weight_decay,
                "hessian": hessian,
                "betas": betas,
                "clip_radius": clip_radius,
                "gaussian": True,
            },
        )
        self._means: dict[nn.Parameter, Tensor] = {}
        self._noise: dict[nn.Parameter, Tensor] = {}
        for group in self.param_groups:
            _check(group)

    def deviations(self) -> dict[nn.Parameter, Tensor]:
        """σ of every Gaussian parameter."""
        return {
            parameter: self._deviation(parameter, group)
            for group in self.param_groups
            for parameter in (group["params"] if group["gaussian"] else ())
        }

    @torch.no_grad()
    def draw(self, generator: torch.Generator, kept: Mapping[nn.Parameter, Tensor] | None = None) -> None:
        """Put w = m + ε into the Gaussian parameters; outside of ``kept`` (True) nothing moves."""
        for group in self.param_groups:
            for parameter in group["params"] if group["gaussian"] else ():
                noise = torch.empty_like(parameter).normal_(generator=generator) * self._deviation(parameter, group)
                if kept is not None and parameter in kept:
                    noise.masked_fill_(~kept[parameter], 0.0)
                self._means[parameter], self._noise[parameter] = parameter.detach().clone(), noise
                parameter.add_(noise)

    @torch.no_grad()
    def restore(self) -> None:
        """Put the means back; harmless where nothing was drawn."""
        for parameter, mean in self._means.items():
            parameter.copy_(mean)
        self._means = {}

    @overload
    def step(self, closure: None = None) -> None: ...

    @overload
    def step(self, closure: Callable[[], float]) -> float: ...

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:
        """Update means and curvature by the gradients at the last draw; parameters without gradient stay."""
        if closure is not None:
            raise UsageError("IVON takes no closure.", "draw(), forward and backward pass, restore(), step().")
        self.restore()
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is not None:
                    self._update(parameter, parameter.grad, group)
        self._noise = {}
        return None

    def _update(self, parameter: nn.Parameter, gradient: Tensor, group: dict[str, Any]) -> None:
        state, decay, (beta1, beta2) = self._started(parameter, group), group["weight_decay"], group["betas"]
        state["step"] += 1
        momentum: Tensor = state["momentum"]
        momentum.lerp_(gradient, 1.0 - beta1)
        curvature = group["hessian"]
        if group["gaussian"]:
            if parameter not in self._noise:
                raise UsageError("A step of IVON needs the draw that its gradients belong to.", "Call draw() before.")
            noise = self._noise[parameter]
            state["hessian"].copy_(next_hessian(state["hessian"], gradient, noise, group["samples"], decay, beta2))
            curvature = state["hessian"]
        debiased = momentum / (1.0 - beta1 ** int(state["step"]))
        change = (debiased + decay * parameter) / (curvature + decay)
        rate = group["lr"] * (group["hessian"] + decay)
        parameter.sub_(rate * change.clamp(-group["clip_radius"], group["clip_radius"]))

    def _started(self, parameter: nn.Parameter, group: dict[str, Any]) -> dict[str, Any]:
        state: dict[str, Any] = self.state[parameter]
        if not state:
            state["step"] = torch.zeros((), dtype=torch.int64)
            state["momentum"] = torch.zeros_like(parameter)
            if group["gaussian"]:
                state["hessian"] = torch.full_like(parameter, group["hessian"])
        return state

    def _deviation(self, parameter: nn.Parameter, group: dict[str, Any]) -> Tensor:
        hessian: Tensor = self._started(parameter, group)["hessian"]
        return deviation(hessian, group["samples"], group["weight_decay"])


def _check(group: Mapping[str, Any]) -> None:
    betas = group["betas"]
    if not (group["hessian"] > 0 and group["samples"] > 0 and group["weight_decay"] >= 0 and group["clip_radius"] > 0):
        raise UsageError(
            "IVON needs hessian, samples and clip_radius above 0 and weight_decay at least 0, got "
            f"{group['hessian']}, {group['samples']}, {group['clip_radius']} and {group['weight_decay']}."
        )
    if group["gaussian"] and not group["weight_decay"] > 0:
        raise UsageError(
            "IVON's posterior has the weight decay as its prior, and there is none.",
            "Train with weight decay: --set weight_decay=0.0002, or set the method's weight_decay.",
        )
    if not all(0.0 <= beta < 1.0 for beta in betas):
        raise UsageError(f"IVON's betas are from 0 to below 1, got {betas}.")
