"""Training: one engine for a dense network, a network that is pruned on the way, a sparse one.

:class:`Session` makes the steps, :func:`run` keeps its state and its metrics in a folder, :func:`train` does without.
"""

from .accelerating import make_accelerator
from .batches import WHOLE, Batch, MemoryBatches, Share, TrainingBatches, training_batches
from .config import Execution, TrainConfig
from .evaluation import Score, evaluate
from .rows import Row, TrainResult
from .running import Journal, run, train
from .saving import STATE
from .seeds import one_thread, stream_seed
from .session import Session

__all__ = [
    "STATE",
    "WHOLE",
    "Batch",
    "Execution",
    "Journal",
    "MemoryBatches",
    "Row",
    "Score",
    "Session",
    "Share",
    "TrainConfig",
    "TrainResult",
    "TrainingBatches",
    "evaluate",
    "make_accelerator",
    "one_thread",
    "run",
    "stream_seed",
    "train",
    "training_batches",
]
