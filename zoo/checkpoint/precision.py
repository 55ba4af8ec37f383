"""Which dtypes a file may have for an architecture: its own, or one half-precision dtype throughout.

A file in F16 or BF16 is half as large, and every value of it is a float32: loading widens it without rounding. It is
another checkpoint than the float32 file it was rounded from, with other bytes and so another densified hash. A mixture
is refused, because it is how a tensor looks that was converted by mistake.
"""

from collections.abc import Mapping
from typing import NamedTuple

from .dtypes import is_floating

_WIDENED = {("F16", "F32"), ("BF16", "F32")}


class DtypeProblem(NamedTuple):
    """A tensor whose dtype cannot be loaded; dtypes in safetensors' spelling."""

    name: str
    found: str
    expected: str


def dtype_problems(found: Mapping[str, str], expected: Mapping[str, str]) -> list[DtypeProblem]:
    """The tensors of a file (dtypes by name) that do not fit what a module expects, by name; others are not looked at.

    >>> dtype_problems({"w": "BF16", "n": "I64"}, {"w": "F32", "n": "I64"})
    []
    >>> dtype_problems({"w": "BF16", "b": "F32"}, {"w": "F32", "b": "F32"})
    [DtypeProblem(name='w', found='BF16', expected='F32')]
    """
    uniform = len({dtype for dtype in found.values() if is_floating(dtype)}) == 1
    return [
        DtypeProblem(name, found[name], expected[name])
        for name in sorted(found.keys() & expected.keys())
        if found[name] != expected[name] and not (uniform and (found[name], expected[name]) in _WIDENED)
    ]
