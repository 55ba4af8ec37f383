"""Tensors of any dtype, shape and sparsity, as bytes: a strategy for property tests, and seeded ones."""

from typing import Any

import numpy as np
from hypothesis import strategies as st

from zoo.checkpoint.dtypes import DTYPES
from zoo.core.hashing import RawTensor

names = st.text(min_size=1, max_size=40).filter(lambda name: name != "__metadata__" and "\0" not in name)


@st.composite
def raw_tensors(draw: Any, name: str = "w", max_elements: int = 600) -> RawTensor:
    """Values from a few symbols or from all bit patterns (NaN payloads and -0.0 among them), from empty to dense."""
    dtype = draw(st.sampled_from(sorted(DTYPES)))
    shape = tuple(draw(st.lists(st.integers(0, 12), max_size=4)))
    elements = int(np.prod(shape, dtype=np.int64))
    if elements > max_elements:
        shape = (elements := draw(st.integers(0, max_elements)),)
    density = draw(st.sampled_from([0.0, 0.002, 0.05, 0.2, 0.3, 0.5, 0.8, 1.0]))
    symbols = draw(st.sampled_from([1, 2, 3, 4, 12, 256]))
    seed = draw(st.integers(0, 2**32 - 1))
    return random_tensor(name, dtype, shape, density, symbols=symbols, seed=seed)


def random_tensor(
    name: str, dtype: str, shape: tuple[int, ...], density: float, *, symbols: int = 256, seed: int = 0
) -> RawTensor:
    """Random bytes of so many ``symbols``, of which whole elements are cleared so that ``density`` is left."""
    rng = np.random.default_rng(seed)
    elements, size = int(np.prod(shape, dtype=np.int64)), DTYPES[dtype].size
    alphabet = rng.choice(256, symbols, replace=False).astype(np.uint8)
    table = rng.choice(alphabet, (elements, size))
    table[rng.random(elements) >= density] = 0
    return RawTensor(name, dtype, shape, table.tobytes())


def normal_tensor(name: str, dtype: str, shape: tuple[int, ...], sparsity: float, seed: int = 0) -> RawTensor:
    """N(0, 1) weights as ``F32`` or ``BF16`` (cut off), zeroed at random."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(shape, dtype=np.float32)
    values[rng.random(shape) < sparsity] = 0
    if dtype == "BF16":
        return RawTensor(name, dtype, shape, (values.view(np.uint32) >> 16).astype(np.uint16).tobytes())
    return RawTensor(name, dtype, shape, values.tobytes())
