"""Layers with inputs, and the textbook in numpy: what the layer-wise methods are judged by."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from wave_networks import wave

from zoo.layerwise import InputMoments, Layer
from zoo.layerwise.inverse import Curvature, curvature
from zoo.layerwise.layers import layers_of
from zoo.methods import Method
from zoo.patterns import UNSTRUCTURED, Pattern
from zoo.prunable import prunable_parameters
from zoo.pruner import Pruner

Matrix = NDArray[np.float64]


def layer_of(module: nn.Module) -> Layer:
    """The layer of a module that stands alone."""
    return layers_of(module, prunable_parameters(module))["weight"]


def golden_problem() -> tuple[Tensor, Tensor]:
    """The weights (6, 24) and inputs (80, 24) of ``tests/golden/layerwise.json``."""
    return wave((6, 24), 1.7, 0.3), wave((80, 24), 1.7, 1.1)


def linear(weights: Tensor) -> nn.Linear:
    """A linear layer without bias."""
    module = nn.Linear(weights.shape[1], weights.shape[0], bias=False)
    with torch.no_grad():
        module.weight.copy_(weights)
    return module


def prepared(method: Method, weights: Tensor, target: float, pattern: Pattern = UNSTRUCTURED, **more: Any) -> Pruner:
    """A linear layer of ``weights`` pruned on the inputs of the golden values."""
    _, inputs = golden_problem()
    batches = [(inputs[:32], torch.zeros(32, dtype=torch.int64)), (inputs[32:], torch.zeros(48, dtype=torch.int64))]
    model = linear(weights)
    pruner = Pruner(
        model,
        method,
        target=target,
        total_steps=0,
        seed=0,
        calibration=lambda: iter(batches),
        pattern=pattern,
        **more,
    )
    method.prepare(pruner)
    return pruner


def moments_of(module: nn.Module, inputs: Tensor) -> InputMoments:
    """The second moments of a module's inputs."""
    moments = InputMoments(layer_of(module))
    moments.add(module, inputs, len(inputs))
    return moments


def problem(rows: int = 4, columns: int = 12, samples: int = 60, seed: int = 0) -> tuple[Tensor, Matrix, Matrix]:
    """Random weights (1, rows, columns), correlated inputs (samples, columns) and H = 2/n Σ x xᵀ."""
    generator = torch.Generator().manual_seed(seed)
    weights = torch.randn(1, rows, columns, generator=generator)
    mixing = torch.randn(columns, columns, generator=generator) / 2 + torch.eye(columns)
    inputs = (torch.randn(samples, columns, generator=generator) @ mixing).double().numpy()
    return weights, inputs, 2 / samples * inputs.T @ inputs


def curved(hessian: Matrix, damping: float = 0.0) -> Curvature:
    """A curvature of one group for a linear layer of as many columns."""
    layer = Layer("weight", (), (1, len(hessian)), 1)
    return curvature(layer, torch.from_numpy(hessian)[None], damping)


def least_squares(inputs: Matrix, row: Matrix, kept: NDArray[np.bool_]) -> Matrix:
    """The best weights on the kept inputs, by numpy's least squares."""
    fitted = np.zeros_like(row)
    fitted[kept] = np.linalg.lstsq(inputs[:, kept], inputs @ row, rcond=None)[0]
    return fitted


def error(inputs: Matrix, before: Matrix, after: Matrix) -> float:
    """‖(w − w') X‖², averaged over the samples: what ½ δ H δᵀ is."""
    return float(((inputs @ (before - after).T) ** 2).sum() / len(inputs))
