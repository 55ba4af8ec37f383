"""How much to keep in each layer: uniform, Erdős–Rényi (ER) and Erdős–Rényi-kernel (ERK). Pure arithmetic.

Every function maps ``shapes`` (name -> shape of the weight, output dimension first) and a sparsity (fraction of zeros
over all of them) to the number of kept weights per tensor. The total is exactly ``count_for(sparsity, total)``: real
counts are rounded by largest remainder, ties by the order of ``shapes``. Tensors in ``dense`` keep all and are paid for
by the others; ``limits`` (kept weights per tensor) are not exceeded, so that masks of a rising sparsity can be nested.

Source: Mocanu et al. 2018 (ER); Evci et al. 2020, "Rigging the Lottery" (ERK), google-research/rigl ``sparse_utils``.
"""

from collections.abc import Callable, Collection, Mapping
from math import floor, prod

from .errors import MaskError

Shapes = Mapping[str, tuple[int, ...]]
Counts = dict[str, int]


def count_for(sparsity: float, numel: int) -> int:
    """How many of ``numel`` weights stay at ``sparsity`` (fraction of zeros): ``numel - round(sparsity * numel)``.

    >>> count_for(0.9, 25_502_912)
    2550291
    """
    if not 0.0 <= sparsity <= 1.0:
        raise MaskError(f"A sparsity is a fraction between 0 and 1, got {sparsity}.")
    return numel - round(sparsity * numel)


def uniform(
    shapes: Shapes, sparsity: float, dense: Collection[str] = (), limits: Mapping[str, int] | None = None
) -> Counts:
    """The same density everywhere."""
    return _proportional(shapes, sparsity, lambda _shape: 1.0, dense, limits)


def erk(
    shapes: Shapes, sparsity: float, dense: Collection[str] = (), limits: Mapping[str, int] | None = None
) -> Counts:
    """Density proportional to ``sum(shape) / prod(shape)``; a layer that would exceed 1 stays dense."""
    return _proportional(shapes, sparsity, lambda shape: sum(shape) / prod(shape), dense, limits)


def er(shapes: Shapes, sparsity: float, dense: Collection[str] = (), limits: Mapping[str, int] | None = None) -> Counts:
    """Density proportional to ``(n_in + n_out) / (n_in * n_out)``; kernel sizes do not count."""
    return _proportional(shapes, sparsity, lambda shape: (shape[0] + shape[1]) / (shape[0] * shape[1]), dense, limits)


BY_LAYER: Mapping[str, Callable[..., Counts]] = {"uniform": uniform, "er": er, "erk": erk}


def after_rounds(
    sizes: Mapping[str, int], sparsity: float, rates: Mapping[str, float], limits: Mapping[str, int] | None = None
) -> Counts:
    """``sizes[name] * (1 - rates[name]) ** r``: what rounds at a rate of its own for each tensor leave.

    ``r`` is the real number of rounds after which ``sparsity`` of all are gone (Frankle & Carbin 2019).
    """
    total = count_for(sparsity, sum(sizes.values()))

    def left(rounds: float) -> dict[str, float]:
        return {name: size * (1.0 - rates[name]) ** rounds for name, size in sizes.items()}

    low, high = 0.0, 1.0
    while sum(left(high).values()) > max(total, 0.5):
        high *= 2.0
    for _ in range(64):
        middle = (low + high) / 2.0
        low, high = (middle, high) if sum(left(middle).values()) > total else (low, middle)
    return rounded(left(high), total, sizes if limits is None else limits)


def rounded(real: Mapping[str, float], total: int, limits: Mapping[str, int]) -> Counts:
    """Whole counts that add up to ``total``, by largest remainder, none above its limit.

    Raises :class:`MaskError` where the limits leave no room.

    >>> rounded({"a": 1.5, "b": 2.5, "c": 3.0}, 7, {"a": 9, "b": 9, "c": 9})
    {'a': 2, 'b': 2, 'c': 3}
    """
    counts = {name: min(floor(value), limits[name]) for name, value in real.items()}
    missing = total - sum(counts.values())
    if not 0 <= missing <= sum(limits.values()):
        raise MaskError(f"No allocation keeps exactly {total} of {sum(limits.values())} weights.")
    while missing:
        order = sorted(
            (name for name in real if counts[name] < limits[name]), key=lambda name: counts[name] - real[name]
        )
        if not order:
            raise MaskError(f"No allocation keeps exactly {total} of the {sum(limits.values())} weights that are left.")
        for name in order[:missing]:
            counts[name] += 1
        missing = total - sum(counts.values())
    return counts


def _proportional(
    shapes: Shapes,
    sparsity: float,
    raw_density: Callable[[tuple[int, ...]], float],
    dense: Collection[str],
    limits: Mapping[str, int] | None,
) -> Counts:
    sizes = {name: prod(shape) for name, shape in shapes.items()}
    total = count_for(sparsity, sum(sizes.values()))
    raw = {name: raw_density(shape) for name, shape in shapes.items()}
    full = {name for name in shapes if name in dense}
    if sum(sizes[name] for name in full) > total:
        raise MaskError(f"At sparsity {sparsity} the layers that stay dense ({', '.join(full)}) already keep too much.")
    scale = 0.0
    while len(full) < len(sizes):
        rest = [name for name in sizes if name not in full]
        left = total - sum(sizes[name] for name in full)
        scale = left / sum(raw[name] * sizes[name] for name in rest)
        largest = max(rest, key=lambda name: raw[name])
        if scale * raw[largest] <= 1.0:
            break
        full.add(largest)
    real = {name: float(sizes[name]) if name in full else scale * raw[name] * sizes[name] for name in sizes}
    return rounded(real, total, sizes if limits is None else limits)
