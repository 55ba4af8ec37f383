"""Metrics as files: CSV that spreadsheets read, event files that TensorBoard reads."""

import csv
import sys
from pathlib import Path

import pytest
from training_runs import EPOCH, advance, tiny_session

from zoo.core.errors import UsageError
from zoo.train import Journal, Row, TrainConfig, run
from zoo.train.logs import EventFiles

CONFIG = TrainConfig(epochs=2, batch_size=8)


def test_csv_has_a_row_an_epoch_and_leaves_unknown_cells_empty(tmp_path: Path) -> None:
    session = tiny_session(CONFIG, "gmp", 0.5)
    run(session, Journal(tmp_path / "run", "key"))
    with (tmp_path / "run" / "metrics.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == [
        "step",
        "epoch",
        "loss",
        "sparsity",
        "learning_rate",
        "seconds",
        "images_per_second",
        "validation_top1",
    ]
    assert [row["step"] for row in rows] == [str(EPOCH), str(2 * EPOCH)]
    assert [float(row["loss"]) for row in rows] == [row.loss for row in session.rows]
    assert {row["validation_top1"] for row in rows} == {""}
    assert list((tmp_path / "run").iterdir()) == [tmp_path / "run" / "metrics.csv"]


def test_tensorboard_reads_the_same_numbers_and_forgets_what_a_killed_run_left(tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="needs tensorboard: pip install tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    killed = EventFiles(tmp_path, 0)
    for step in (EPOCH, 2 * EPOCH):  # the second row was written after the last saved state
        killed.add(Row(step, step / EPOCH, 99.0, 0.0, 0.1, 1.0, 1.0))
    killed.close()
    session = advance(tiny_session(CONFIG, "gmp", 0.5), EPOCH)
    run(session, Journal(tmp_path, "key", tensorboard=True))
    seen = EventAccumulator(str(tmp_path))
    seen.Reload()
    assert [event.step for event in seen.Scalars("loss")] == [EPOCH, 2 * EPOCH]
    assert seen.Scalars("loss")[0].value == 99.0
    assert seen.Scalars("loss")[1].value == pytest.approx(session.rows[1].loss)
    assert seen.Scalars("sparsity")[1].value == pytest.approx(0.5)
    assert "validation_top1" not in seen.Tags()["scalars"]


def test_without_tensorboard_the_message_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(UsageError, match=r"not installed\.\npip install tensorboard; without --tensorboard"):
        EventFiles(tmp_path, 0)
