"""Gradients of single samples, or of small groups of samples, streamed a few at a time.

The empirical Fisher is the mean of g gᵀ over *per-sample* gradients g of the negative log-likelihood at the given
labels. A gradient averaged over a group of b samples makes the estimate about b times too small, which the damping must
match; it is what the published ImageNet runs use, because it lets one backward pass serve b samples.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.nn.functional import cross_entropy

from ..core.errors import UsageError
from .layer_gradients import layer_gradients

Gradients = dict[str, Tensor]  # name -> (n, *shape of the parameter)


@contextmanager
def evaluating(model: nn.Module) -> Iterator[None]:
    """Evaluation mode inside (batch norm must not mix samples), then every module's own mode again."""
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training


def gradient_stream(
    model: nn.Module,
    parameters: Mapping[str, nn.Parameter],
    images: Float[Tensor, "samples ..."],
    labels: Int[Tensor, " samples"],
    *,
    samples_per_gradient: int = 1,
    gradients_at_once: int | None = None,
    vectorised: bool = True,
    masks: Mapping[str, Tensor] | None = None,
) -> Iterator[Gradients]:
    """Yield the gradients of the mean cross-entropy of consecutive groups of samples, in the order of the samples.

    Args:
        model: Gives logits (n, classes). It is evaluated in evaluation mode and keeps its mode and its ``.grad``.
        parameters: Names in the model and their parameters; the only ones that are differentiated.
        images: Any number of samples that ``samples_per_gradient`` divides.
        labels: Class indices.
        samples_per_gradient: Group size; 1 gives the empirical Fisher itself.
        gradients_at_once: The most gradients in memory, each as large as the parameters; None: as many as 256 MB hold,
            but at least 8 and at most 128.
        vectorised: Groups together in one pass, by :mod:`.layer_gradients` or else by ``torch.func.vmap``; False goes
            group by group and works for models that vmap refuses.
        masks: 1 = kept. Gradients of pruned weights are zeroed, which makes Fisher blocks fall apart into kept and
            pruned weights, so that the inverse on the kept ones is that of their own submatrix.

    Raises:
        UsageError: The group size does not divide the number of samples.
    """
    if len(images) % samples_per_gradient:
        raise UsageError(f"{len(images)} samples cannot be cut into groups of {samples_per_gradient}.")
    at_once = _gradients_in(256 * 2**20, parameters) if gradients_at_once is None else gradients_at_once
    groups = zip(
        torch.split(images.reshape(-1, samples_per_gradient, *images.shape[1:]), at_once),
        torch.split(labels.reshape(-1, samples_per_gradient), at_once),
        strict=True,
    )
    device = next(iter(parameters.values())).device
    gradients_of = _vectorised if vectorised else _looped
    for x, y in groups:
        with evaluating(model):
            gradients = gradients_of(model, parameters, x.to(device), y.to(device))
        if masks is not None:
            gradients = {name: g * masks[name] for name, g in gradients.items()}
        yield gradients
        del gradients  # or two chunks would be in memory while the next one is made


def _gradients_in(available_bytes: int, parameters: Mapping[str, nn.Parameter]) -> int:
    gradient_bytes = sum(parameter.numel() * parameter.element_size() for parameter in parameters.values())
    return min(max(available_bytes // gradient_bytes, 8), 128)


def _vectorised(
    model: nn.Module, parameters: Mapping[str, nn.Parameter], x: Float[Tensor, "n group ..."], y: Int[Tensor, "n group"]
) -> Gradients:
    by_layer = layer_gradients(model, parameters, x, y)
    if by_layer is not None:
        return by_layer
    # Detached, or autograd would record a second graph for the parameters that are not asked for.
    constants = {name: tensor.detach() for name, tensor in (*model.named_parameters(), *model.named_buffers())}

    def loss(chosen: Gradients, images: Tensor, labels: Tensor) -> Tensor:
        return cross_entropy(functional_call(model, {**constants, **chosen}, (images,)), labels)

    chosen = {name: constants[name] for name in parameters}
    result: Gradients = vmap(grad(loss), in_dims=(None, 0, 0))(chosen, x, y)
    return result


def _looped(
    model: nn.Module, parameters: Mapping[str, nn.Parameter], x: Float[Tensor, "n group ..."], y: Int[Tensor, "n group"]
) -> Gradients:
    rows = [
        torch.autograd.grad(cross_entropy(model(images), labels), list(parameters.values()))
        for images, labels in zip(x, y, strict=True)
    ]
    return {name: torch.stack(column) for name, column in zip(parameters, zip(*rows, strict=True), strict=True)}
