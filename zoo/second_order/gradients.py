"""Gradients of single samples, or of small groups of samples, streamed a few at a time.

The empirical Fisher is the mean of g gᵀ over *per-sample* gradients g of the negative log-likelihood at the given
labels. A gradient averaged over a group of b samples makes the estimate about b times too small, which the damping must
match; it is what the published ImageNet runs use, because it lets one backward pass serve b samples.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.func import functional_call, grad, vmap
from torch.nn.functional import cross_entropy

from ..core.errors import UsageError
from ..errors import NonFiniteGradientError
from .layer_gradients import layer_gradients
from .samples import Batches, calibration_batches, regrouped

Gradients = dict[str, Tensor]  # name -> (n, *shape of the parameter)

GRADIENT_BYTES = 256 * 2**20
IMAGE_BYTES = 16 * 2**20
"""What one backward pass takes at once. Activations of a ResNet-50 are some 150 times its images."""


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
    at_once = _gradients_in(GRADIENT_BYTES, parameters) if gradients_at_once is None else gradients_at_once
    groups = zip(
        torch.split(images.reshape(-1, samples_per_gradient, *images.shape[1:]), at_once),
        torch.split(labels.reshape(-1, samples_per_gradient), at_once),
        strict=True,
    )
    device = next(iter(parameters.values())).device
    for x, y in groups:
        with evaluating(model):
            gradients = _gradients_of(model, parameters, x.to(device), y.to(device), vectorised)
        if masks is not None:
            for name, g in gradients.items():
                g.mul_(masks[name])
        yield gradients
        del gradients  # or two chunks would be in memory while the next one is made


@dataclass(frozen=True)
class CalibrationGradients:
    """Gradients of calibration data, as often as they are asked for and from any of them on; never stored.

    ``gradients``: the most of them, each the mean over ``samples_per_gradient`` consecutive samples; a pass that is
    shorter gives as many as it has whole groups. The other fields are those of :func:`gradient_stream`.
    """

    model: nn.Module
    parameters: Mapping[str, nn.Parameter]
    calibration: Callable[[], Batches] | None
    gradients: int
    samples_per_gradient: int = 1
    vectorised: bool = True
    masks: Mapping[str, Tensor] | None = None

    def __call__(self, skip: int = 0) -> Iterator[Gradients]:
        """Stream them, without the first ``skip``.

        Raises :class:`~zoo.errors.CalibrationError` when there is no whole group and
        :class:`~zoo.errors.NonFiniteGradientError` that names the samples and the tensors of a gradient that is not
        finite.
        """
        group, done = self.samples_per_gradient, skip
        chunks = regrouped(
            calibration_batches(self.calibration), count=self.gradients, group=group, skip=skip, at_once=self._at_once
        )
        for images, labels in chunks:
            for gradients in gradient_stream(
                self.model,
                self.parameters,
                images,
                labels,
                samples_per_gradient=group,
                gradients_at_once=len(images),
                vectorised=self.vectorised,
                masks=self.masks,
            ):
                check_finite(gradients, done, group)
                yield gradients
                del gradients
            done += len(images) // group

    def _at_once(self, images: Float[Tensor, "n ..."]) -> int:
        in_a_pass = max(1, _images_at_once(images) // self.samples_per_gradient)
        return min(_gradients_in(GRADIENT_BYTES, self.parameters), in_a_pass)


def check_finite(gradients: Mapping[str, Float[Tensor, "n ..."]], first: int, group: int) -> None:
    """Raise :class:`NonFiniteGradientError` for the first gradient that holds NaN or infinity; ``first`` is the
    number (from 0) of the first one here, ``group`` the samples of each."""
    bad = {
        name: int((~g.flatten(1).isfinite().all(1)).nonzero()[0])
        for name, g in gradients.items()
        if not g.isfinite().all()
    }
    if bad:
        row = min(bad.values())
        start = (first + row) * group
        where = f"sample {start}" if group == 1 else f"samples {start} to {start + group - 1}"
        names = ", ".join(name for name, found in bad.items() if found == row)
        raise NonFiniteGradientError(
            f"The gradient of {where} of the calibration data (counted from 0) holds NaN or infinity in {names}.",
            "Did training diverge? Check the loss and the learning rate, and that image.",
        )


def _gradients_in(available_bytes: int, parameters: Mapping[str, nn.Parameter]) -> int:
    gradient_bytes = sum(parameter.numel() * parameter.element_size() for parameter in parameters.values())
    return min(max(available_bytes // gradient_bytes, 8), 128)


def _images_at_once(images: Float[Tensor, "n ..."]) -> int:
    return max(1, IMAGE_BYTES // max(1, images[0].numel() * images.element_size()))


def _gradients_of(
    model: nn.Module,
    parameters: Mapping[str, nn.Parameter],
    x: Float[Tensor, "n group ..."],
    y: Int[Tensor, "n group"],
    vectorised: bool,
) -> Gradients:
    if x.shape[1] > _images_at_once(x[0]):
        return _in_pieces(model, parameters, x, y)
    return (_vectorised if vectorised else _looped)(model, parameters, x, y)


def _in_pieces(
    model: nn.Module, parameters: Mapping[str, nn.Parameter], x: Float[Tensor, "n group ..."], y: Int[Tensor, "n group"]
) -> Gradients:
    """Groups that are too large for one pass: group by group, each summed up from pieces of it."""
    rows, at_once = [], _images_at_once(x[0])
    for images, labels in zip(x, y, strict=True):
        total = [torch.zeros_like(parameter) for parameter in parameters.values()]
        for piece, of in zip(torch.split(images, at_once), torch.split(labels, at_once), strict=True):
            loss = cross_entropy(model(piece), of, reduction="sum") / len(labels)
            for mine, gradient in zip(total, torch.autograd.grad(loss, list(parameters.values())), strict=True):
                mine += gradient
        rows.append(total)
    return {name: torch.stack(column) for name, column in zip(parameters, zip(*rows, strict=True), strict=True)}


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
