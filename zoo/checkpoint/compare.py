"""Whether two files hold the same model, and what differs if not: names, shapes, dtypes, masks or values."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np

from ..core.hashing import RawTensor
from .dtypes import to_numpy

_NAMES_SHOWN = 3


class Difference(NamedTuple):
    """One way in which two models differ, and where."""

    what: Literal["names", "shapes", "dtypes", "masks", "values"]
    detail: str

    def __str__(self) -> str:
        return f"{self.what}: {self.detail}"


def differences(first: Sequence[RawTensor], second: Sequence[RawTensor]) -> list[Difference]:
    """What differs between the tensors of two files, in whatever order they come; empty for one model.

    *Masks* differ where a weight is zero in one alone (both zeros are zero); *values* where the bits of a tensor differ
    though its masks agree. Values of different dtypes are compared as numbers.
    """
    left, right = ({tensor.name: tensor for tensor in tensors} for tensors in (first, second))
    common = [name for name in sorted(left.keys() & right.keys()) if not _same(left[name], right[name])]
    unequal = [name for name in common if left[name].shape != right[name].shape]
    comparable = [name for name in common if left[name].shape == right[name].shape]
    found = {
        "names": _names(left, right),
        "shapes": (f"{name} is {list(left[name].shape)} and {list(right[name].shape)}" for name in unequal),
        "dtypes": _dtypes([(left[name].dtype, right[name].dtype) for name in common]),
        "masks": _counted(left, right, comparable, _mask_differs),
        "values": _counted(left, right, comparable, _value_differs),
    }
    return [Difference(what, detail) for what, details in found.items() if (detail := _shown(details))]  # type: ignore[arg-type]


def _same(left: RawTensor, right: RawTensor) -> bool:
    return left[:3] == right[:3] and memoryview(left.data).cast("B") == memoryview(right.data).cast("B")


def _names(left: Mapping[str, RawTensor], right: Mapping[str, RawTensor]) -> Iterator[str]:
    for which, names in (("first", left.keys() - right.keys()), ("second", right.keys() - left.keys())):
        if names:
            yield f"only in the {which} {_shown(sorted(names))}"


def _dtypes(pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    counts: dict[tuple[str, str], int] = {}
    for pair in pairs:
        if pair[0] != pair[1]:
            counts[pair] = counts.get(pair, 0) + 1
    for (one, other), count in sorted(counts.items()):
        yield f"{count:,} {'tensor is' if count == 1 else 'tensors are'} {one} and {other}"


def _counted(
    left: Mapping[str, RawTensor],
    right: Mapping[str, RawTensor],
    names: Sequence[str],
    differs: Callable[[RawTensor, RawTensor], int],
) -> Iterator[str]:
    for name in names:
        if count := differs(left[name], right[name]):
            yield f"{count:,} of {name}"


def _mask_differs(left: RawTensor, right: RawTensor) -> int:
    return int(np.count_nonzero((to_numpy(left) != 0) != (to_numpy(right) != 0)))


def _value_differs(left: RawTensor, right: RawTensor) -> int:
    """Bits for equal dtypes, so that signs of zeros and payloads of NaN count; numbers otherwise."""
    here, there = to_numpy(left), to_numpy(right)
    if left.dtype == right.dtype:
        unequal = here.view(f"u{here.dtype.itemsize}") != there.view(f"u{here.dtype.itemsize}")
        moved = (here != 0) != (there != 0)
        return int(np.count_nonzero(unequal & ~moved))
    return int(np.count_nonzero((here != there) & (here != 0) & (there != 0)))


def _shown(details: Iterable[str]) -> str:
    listed = list(details)
    more = len(listed) - _NAMES_SHOWN
    return ", ".join(listed[:_NAMES_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
