"""Every method at ImageNet size on a GPU: nothing of it stays on the processor by mistake."""

import pytest
import torch

from tests.evidence.imagenet_size_run import imagenet_size_run
from tests.evidence.run_key import IMAGENET_SIZE, RunKey, left_out
from zoo.methods import METHODS
from zoo.pruner import OUTCOME_TOLERANCE


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("name", [name for name in METHODS if name not in left_out(IMAGENET_SIZE)])
def test_twenty_steps_end_at_the_target(name: str) -> None:
    target = 0.0 if name == "dense" else 0.90
    answer = imagenet_size_run(RunKey(IMAGENET_SIZE, "resnet50", name, target, 0), "cuda")
    assert answer["sparsity"] == pytest.approx(target, abs=OUTCOME_TOLERANCE)
