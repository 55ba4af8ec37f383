"""From tensors of the plain names to the module, and in words whatever had to be changed."""

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor, nn

from ..checkpoint.config import MAX_CLASSES
from ..checkpoint.errors import TensorMismatchError
from ..errors import ForeignFileError
from ..narrowing import narrow
from ._layout import State

NARROWED = "made narrower:"
_COUNTER = "num_batches_tracked"
_SHOWN = 8


def classes_of(state: State, classifier: str) -> int:
    """How many outputs the classifier has.

    Raises :class:`TensorMismatchError` where it is not there, or is no matrix of at most ``MAX_CLASSES`` outputs.
    """
    weight = state.get(f"{classifier}.weight")
    if weight is None:
        raise TensorMismatchError(
            f"The file has no {classifier}.weight, which is the classifier of this architecture; it has: "
            f"{_listed(sorted(state))}.",
            "Is --architecture the right one?",
        )
    if weight.ndim < 2 or not 1 <= weight.shape[0] <= MAX_CLASSES:
        raise TensorMismatchError(
            f"{classifier}.weight is {list(weight.shape)}; expected (outputs, inputs), at most {MAX_CLASSES:,} outputs."
        )
    return int(weight.shape[0])


def fit(module: nn.Module, state: State, classifier: str, input_size: tuple[int, int, int] | None = None) -> list[str]:
    """Copy ``state`` into ``module``, all of it; returns in words what was changed on the way, each change exact.

    With ``input_size`` (channels, height, width in pixels) layers of which the file has fewer channels become narrower
    (:mod:`zoo.narrowing`).

    Raises :class:`TensorMismatchError` that lists every missing, surplus and misshapen tensor, and
    :class:`ForeignFileError` for NaN, infinity and values that the architecture's dtype cannot hold.
    """
    wanted = module.state_dict()
    given = dict(state)
    told = _completed(given, wanted, classifier)
    if input_size is not None and given.keys() == wanted.keys():
        narrowed = narrow(module, {name: tuple(value.shape) for name, value in given.items()}, input_size)
        if narrowed:
            told.append(f"{NARROWED} {len(narrowed)} layers, as their tensors are")
            wanted = module.state_dict()
    _refuse_differences(given, wanted)
    told += _converted(given, wanted)
    module.load_state_dict(given)
    return told


def _completed(given: dict[str, Tensor], wanted: Mapping[str, Tensor], classifier: str) -> list[str]:
    """Heads that are 1x1 convolutions become linear ones; counters of batch normalisation may be missing."""
    told = []
    weight, bias = f"{classifier}.weight", f"{classifier}.bias"
    if weight in given and weight in wanted and given[weight].ndim == 4 and given[weight].shape[2:] == (1, 1):
        given[weight] = given[weight].flatten(1)
        told.append(f"{weight}: a 1x1 convolution as a linear layer")
        if bias in wanted and bias not in given:
            given[bias] = torch.zeros_like(wanted[bias])
            told.append(f"{bias}: 0, because the head has none")
    counters = [name for name in wanted if name.endswith(f".{_COUNTER}") and name not in given]
    if counters:
        given |= {name: torch.zeros_like(wanted[name]) for name in counters}
        told.append(f"{len(counters)} counters {_COUNTER}: 0, because the file is older than they are")
    return told


def _refuse_differences(given: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> None:
    shapes = [
        f"{name} is {list(given[name].shape)}, not {list(wanted[name].shape)}"
        for name in sorted(given.keys() & wanted.keys())
        if given[name].shape != wanted[name].shape
    ]
    parts = {
        "missing": sorted(wanted.keys() - given.keys()),
        "surplus": sorted(given.keys() - wanted.keys()),
        "misshapen": shapes,
    }
    found = [f"{word} ({len(names)}): {_listed(names)}" for word, names in parts.items() if names]
    if found:
        raise TensorMismatchError(
            f"The file does not fit the architecture: {'; '.join(found)}.",
            "Choose another --architecture, or name the layout with --from.",
        )


def _converted(given: dict[str, Tensor], wanted: Mapping[str, Tensor]) -> list[str]:
    dtypes: dict[str, int] = {}
    for name, target in wanted.items():
        value = given[name]
        if value.dtype == target.dtype:
            continue
        made = value.to(target.dtype)
        if value.is_complex() or (not torch.equal(made.to(value.dtype), value) and not bool(value.isnan().any())):
            raise ForeignFileError(
                f"{name} is {value.dtype}; as {target.dtype} it would not keep its values.",
                "Convert the checkpoint yourself, and evaluate it again before you publish it.",
            )
        given[name] = made
        kind = f"{str(value.dtype).removeprefix('torch.')} as {str(target.dtype).removeprefix('torch.')}"
        dtypes[kind] = dtypes.get(kind, 0) + 1
    _refuse_non_finite(given)
    return [f"{count} tensors: {kind}" for kind, count in dtypes.items()]


def _refuse_non_finite(given: Mapping[str, Tensor]) -> None:
    wrong = sorted(
        name for name, value in given.items() if value.is_floating_point() and not bool(value.isfinite().all())
    )
    if wrong:
        raise ForeignFileError(
            f"NaN or infinity in {len(wrong)} tensors: {_listed(wrong)}.", "Such a model has no measurable accuracy."
        )


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
