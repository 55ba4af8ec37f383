"""Small model folders made without torch: two prunable layers, a bias, and batch-norm statistics."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from zoo.checkpoint.config import ModelConfig, Preprocessing, Provenance
from zoo.checkpoint.dtypes import from_numpy
from zoo.checkpoint.folder import ModelFolder, write_folder

PREPROCESSING = Preprocessing((1, 8, 8), (0.0,), (1.0,), "nearest", 1.0)
CONFIG = ModelConfig(
    architecture="toy",
    num_classes=5,
    class_names=("0", "1", "2", "3", "4"),
    preprocessing=PREPROCESSING,
    classifier="fc",
    positions={"conv": 64, "fc": 1},
)
PROVENANCE = Provenance(
    slug="gmp/toy/0.50-s0",
    title="Gradual magnitude pruning, toy, 50 %",
    method="gmp",
    family="magnitude",
    architecture="toy",
    sparsity_target=0.5,
    parent="dense/toy/0.00-s0",
    parent_hash="d1:" + "0" * 64,
    data="digits:0-4",
    data_sha256="1" * 64,
    epochs=3,
    upstream_top1=0.875,
    config_hash="2" * 64,
    code_version="0.1.0",
    licence="Apache-2.0",
)


def arrays(seed: int = 0) -> dict[str, npt.NDArray[Any]]:
    """Half of the 4·1·9 + 5·4 = 56 prunable weights are zero, one of them as -0.0."""
    rng = np.random.default_rng(seed)
    convolution = rng.uniform(1, 2, (4, 1, 3, 3)).astype(np.float32)
    convolution.reshape(-1)[:18] = 0
    convolution.reshape(-1)[0] = -0.0
    classifier = rng.uniform(1, 2, (5, 4)).astype(np.float32)
    classifier.reshape(-1)[::2] = 0
    return {
        "conv.weight": convolution,
        "bn.running_mean": np.zeros(4, np.float32),
        "bn.num_batches_tracked": np.array(7, np.int64),
        "fc.weight": classifier,
        "fc.bias": np.array([1, 0, 2, 3, 4], np.float32),
    }


def write_toy(path: Path, *, seed: int = 0, config: ModelConfig = CONFIG, **provenance: Any) -> ModelFolder:
    """A whole model folder; keyword arguments change fields of its provenance."""
    tensors = [from_numpy(name, values) for name, values in arrays(seed).items()]
    return write_folder(path, tensors, config, replace(PROVENANCE, **provenance))
