"""σ > 0 as a function of a number ρ that an optimizer may move anywhere."""

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import softplus

PARAMETRISATIONS = ("log", "softplus")


def of_rho(rho: Float[Tensor, "*shape"], parametrisation: str) -> Float[Tensor, "*shape"]:
    """exp(ρ) for "log" (Mohan et al. 2022), log(1 + exp(ρ)) for "softplus" (Blundell et al. 2015)."""
    return rho.exp() if parametrisation == "log" else softplus(rho)


def rho_of(deviation: Float[Tensor, "*shape"], parametrisation: str) -> Float[Tensor, "*shape"]:
    """The inverse of :func:`of_rho`, exact for small deviations too."""
    return deviation.log() if parametrisation == "log" else deviation + torch.log(-torch.expm1(-deviation))
