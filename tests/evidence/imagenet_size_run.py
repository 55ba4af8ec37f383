"""Twenty steps of a full ResNet-50 on synthetic images: what a method costs at the size that matters."""

import time
from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.optim import SGD

from tests.evidence.digits_run import shown_sparsity
from tests.evidence.run_key import RunKey
from zoo.models import build
from zoo.pruner import Pruner

STEPS = 20
CLASSES = 1000
CALIBRATION_BATCHES = 8
IMAGES = 1_281_167


def imagenet_size_run(key: RunKey, device: str = "cpu") -> dict[str, Any]:
    """Processor seconds of preparation and of each step (median and largest), and the sparsity after the last one."""
    recipe = key.recipe
    size = recipe.train.batch_size

    def batches(count: int) -> Iterator[tuple[Tensor, Tensor]]:
        for index in range(count):
            generator = torch.Generator().manual_seed(index)
            images = torch.randn(size, 3, 224, 224, generator=generator)
            yield images.to(device), torch.randint(0, CLASSES, (size,), generator=generator).to(device)

    torch.set_num_threads(1)
    model = build(key.architecture, CLASSES, key.seed).to(device)
    pruner = Pruner(
        model,
        recipe.method,
        target=key.target,
        total_steps=STEPS,
        seed=key.seed,
        calibration=lambda: batches(CALIBRATION_BATCHES),
        samples=IMAGES,
    )
    started = time.process_time()
    optimizer = pruner.begin(
        lambda: SGD(model.parameters(), lr=recipe.train.learning_rate, momentum=0.9, weight_decay=5e-5)
    )
    prepared = time.process_time()
    seconds = []
    for images, labels in batches(STEPS):
        before = time.process_time()
        model.train()
        pruner.before_forward()
        loss, extra = cross_entropy(model(images), labels), pruner.extra_loss()
        optimizer.zero_grad()
        torch.autograd.backward(loss if extra is None else loss + extra)
        if not pruner.after_backward():
            optimizer.step()
        pruner.after_step()
        seconds.append(time.process_time() - before)
    pruner.finalize()
    return {
        "prepare_seconds": round(prepared - started, 2),
        "step_seconds": round(sorted(seconds)[STEPS // 2], 3),
        "longest_step_seconds": round(max(seconds), 3),
        "sparsity": shown_sparsity(model),
    }
