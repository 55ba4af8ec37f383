"""ResNet-50s that were never trained, pruned for the measurements of the sparse file, and the entropy floor."""

import math
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torchvision.models import resnet50

from zoo.checkpoint.safetensors_file import write_tensors
from zoo.core.hashing import RawTensor

Words = npt.NDArray[np.unsignedinteger]


def global_magnitude(sparsity: float, dtype: str) -> list[RawTensor]:
    """Kaiming weights and one magnitude threshold over all convolutions but the first and the classifier."""
    torch.manual_seed(0)
    values = {name: value.numpy() for name, value in resnet50().state_dict().items() if value.is_floating_point()}
    prunable = [name for name, value in values.items() if value.ndim > 1 and name != "conv1.weight"]
    magnitudes = np.concatenate([np.abs(values[name]).reshape(-1) for name in prunable])
    threshold = np.partition(magnitudes, int(sparsity * magnitudes.size))[int(sparsity * magnitudes.size)]
    for name in prunable:
        values[name] = np.where(np.abs(values[name]) >= threshold, values[name], np.float32(0))
    return [RawTensor(name, dtype, value.shape, _words(value, dtype).tobytes()) for name, value in values.items()]


def _words(values: npt.NDArray[np.float32], dtype: str) -> Words:
    words = np.ascontiguousarray(values).view(np.uint32)
    return words if dtype == "F32" else (words >> 16).astype(np.uint16)


def floor_bytes(tensors: list[RawTensor]) -> float:
    """H(p) n / 8 and the order-0 entropy of each byte plane of what is stored; unpruned tensors as they are."""
    total = 0.0
    for tensor in tensors:
        size = 4 if tensor.dtype == "F32" else 2
        table = np.frombuffer(tensor.data, np.uint8).reshape(-1, size)
        kept = table[table.any(axis=1)]
        if len(kept) == len(table) or len(tensor.shape) < 2:
            total += table.size
            continue
        total += _entropy_bytes(np.array([len(kept), len(table) - len(kept)]))
        total += sum(_entropy_bytes(np.bincount(plane)) for plane in kept.T)
    return total


def _entropy_bytes(counts: npt.NDArray[np.integer]) -> float:
    counts = counts[counts > 0]
    return float(np.sum(counts * np.log2(counts.sum() / counts))) / 8 if math.prod(counts.shape) else 0.0


def write_dense(path: Path, sparsity: float, dtype: str) -> list[RawTensor]:
    """Write the model as a dense file too."""
    tensors = global_magnitude(sparsity, dtype)
    write_tensors(path, tensors)
    return tensors
