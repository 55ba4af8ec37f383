"""How much to keep in each layer: uniform, Erdős–Rényi (ER) and Erdős–Rényi-kernel (ERK). Pure arithmetic.

Every function maps ``shapes`` (name -> shape of the weight, output dimension first) and a sparsity (fraction of zeros
over all of them) to the number of kept weights per tensor. The total is exactly ``count_for(sparsity, total)``: real
counts are rounded by largest remainder, ties by the order of ``shapes``.

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


def uniform(shapes: Shapes, sparsity: float, dense: Collection[str] = ()) -> Counts:
    """The same density everywhere, but for the tensors in ``dense``, which keep all and are paid for by the others."""
    return _proportional(shapes, sparsity, lambda _shape: 1.0, dense)


def erk(shapes: Shapes, sparsity: float, dense: Collection[str] = ()) -> Counts:
    """Density proportional to ``sum(shape) / prod(shape)``; a layer that would exceed 1 stays dense."""
    return _proportional(shapes, sparsity, lambda shape: sum(shape) / prod(shape), dense)


def er(shapes: Shapes, sparsity: float, dense: Collection[str] = ()) -> Counts:
    """Density proportional to ``(n_in + n_out) / (n_in * n_out)``; kernel sizes do not count."""
    return _proportional(shapes, sparsity, lambda shape: (shape[0] + shape[1]) / (shape[0] * shape[1]), dense)


def _proportional(
    shapes: Shapes, sparsity: float, raw_density: Callable[[tuple[int, ...]], float], dense: Collection[str]
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
    return _largest_remainder(real, sizes, total)


def _largest_remainder(real: Mapping[str, float], sizes: Mapping[str, int], total: int) -> Counts:
    counts = {name: min(floor(value), sizes[name]) for name, value in real.items()}
    order = sorted((name for name in real if counts[name] < sizes[name]), key=lambda name: counts[name] - real[name])
    missing = total - sum(counts.values())
    if not 0 <= missing <= len(order):
        raise MaskError(f"No allocation keeps exactly {total} of {sum(sizes.values())} weights.")
    for name in order[:missing]:
        counts[name] += 1
    return counts
