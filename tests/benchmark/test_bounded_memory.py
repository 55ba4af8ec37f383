"""What is in memory does not grow with the number of images, of conditions or of jobs."""

import gc
import threading
import weakref
from typing import Any

import numpy as np
import pytest
from benchmark_catalogues import DigitCatalogue
from jaxtyping import UInt8
from torch import Tensor, nn

from benchmark.drain import Event, drain
from benchmark.image_pass import Seer, image_pass
from benchmark.job import Job
from benchmark.numerics import Numerics
from benchmark.predictions import Predictions
from benchmark.run_job import run_job
from benchmark.shifts import SHIFTS
from registry import jobs
from registry.blobs import BlobStore
from registry.db.session import session_scope
from zoo.checkpoint.config import Preprocessing
from zoo.checkpoint.folder import ModelFolder

IMAGES, BATCH, JOBS = 160, 8, 16


class Decoded:
    """Images that are decoded when they are asked for, as files are; it sees how many are in memory."""

    def __init__(self) -> None:
        self.alive = self.most = 0

    def __len__(self) -> int:
        return IMAGES

    def __getitem__(self, index: int) -> UInt8[np.ndarray, "h w c"]:
        image = np.full((64, 64, 3), index, dtype=np.uint8)
        weakref.finalize(image, self._gone)
        self.alive += 1
        self.most = max(self.most, self.alive)
        return image

    def _gone(self) -> None:
        self.alive -= 1


def test_a_pass_holds_two_batches_of_images_at_most_and_a_row_of_features_for_each() -> None:
    class Network(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            assert len(x) <= BATCH
            return x.mean(dim=(2, 3))

    images, fed = Decoded(), Preprocessing((3, 32, 32), (0.0,) * 3, (1.0,) * 3, "bilinear", 1.0)
    (found,) = image_pass([Seer(Network(), fed)], images, BATCH, Numerics())
    assert found.shape == (IMAGES, 3)
    assert found[:, 0] * 255 == pytest.approx(np.arange(IMAGES), abs=1e-3)
    assert images.most <= 2 * BATCH
    assert images.alive == 0


@pytest.mark.slow
def test_one_condition_of_a_shift_is_in_memory(
    sparse_model: ModelFolder, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Predictions of all but the one at hand have gone by the time the next are made."""
    alive: list[int] = []
    kept: weakref.WeakSet[Predictions] = weakref.WeakSet()
    original = Predictions.from_logits.__func__  # type: ignore[attr-defined]

    def watched(cls: type[Predictions], *given: Any, **named: Any) -> Predictions:
        made: Predictions = original(cls, *given, **named)
        gc.collect()
        kept.add(made)
        alive.append(len(kept))
        return made

    monkeypatch.setattr(Predictions, "from_logits", classmethod(watched))
    job = Job(1, "m", "digits-c-like@1", "as-published@1", 0)
    outcome = run_job(job, sparse_model.path, BlobStore(f"file://{tmp_path}"))
    assert len(alive) == len(outcome.predictions) == len(SHIFTS["digits-c-like@1"].image_sets())
    assert max(alive) <= 2


@pytest.mark.slow
def test_many_jobs_leave_nothing_behind(catalogue: DigitCatalogue) -> None:
    """Bytes of tensors that are alive after each of sixteen jobs, by three protocols in turn."""
    protocols = ("linear@2", "few-shot-5@1", "knn@1")
    with session_scope(catalogue.engine, write=True) as session:
        ids = [
            jobs.enqueue(session, checkpoint, "digits-5-9@1", protocols[seed % len(protocols)], seed)[0]
            for seed in range(JOBS // 2)
            for checkpoint in catalogue.checkpoints
        ]
    after: list[int] = []

    def report(event: Event) -> None:
        if event.state == "done":
            gc.collect()
            after.append(sum(each.nbytes for each in gc.get_objects() if type(each) in (Tensor, nn.Parameter)))

    drain(catalogue.order(ids), threading.Event(), report)
    assert len(after) == JOBS
    half = JOBS // 2
    assert max(after[half:]) <= max(after[:half]) > 0
