"""A run with a folder: what is saved when, what is refused, what a stop leaves."""

import os
import signal
import threading
from pathlib import Path

import pytest
from training_runs import EPOCH, advance, differences, tiny_session

from zoo.errors import SavedRunError
from zoo.train import STATE, Journal, Session, TrainConfig, run

CONFIG = TrainConfig(epochs=2, batch_size=8)


def stop_at(step: int, how: int = signal.SIGINT) -> "Journal":
    def report(session: Session) -> None:
        if session.step == step:
            os.kill(os.getpid(), how)

    return Journal(Path(), "key", report=report)


def journal(folder: Path, base: Journal | None = None, key: str = "key", **options: object) -> Journal:
    values = {"report": base.report if base else None, **options}
    return Journal(folder, key, **values)  # type: ignore[arg-type]


def test_nothing_is_saved_before_it_is_due(tmp_path: Path) -> None:
    run(tiny_session(CONFIG), journal(tmp_path, save_seconds=300.0))
    assert not (tmp_path / STATE).exists()
    run(tiny_session(CONFIG), journal(tmp_path, save_seconds=0.0))
    assert (tmp_path / STATE).exists()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_ends_the_step_saves_and_the_run_goes_on(tmp_path: Path, how: int) -> None:
    straight = tiny_session(CONFIG, "rigl", 0.5)
    run(straight, journal(tmp_path / "straight"))
    stopped = tiny_session(CONFIG, "rigl", 0.5)
    handlers = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with pytest.raises(KeyboardInterrupt):
        run(stopped, journal(tmp_path, stop_at(7, how)))
    assert stopped.step == 7
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == handlers
    again = tiny_session(CONFIG, "rigl", 0.5, start=7)
    run(again, journal(tmp_path))
    assert differences(straight.state_dict(), again.state_dict()) == []
    written = [(folder / "metrics.csv").read_text().splitlines() for folder in (tmp_path, tmp_path / "straight")]
    assert [line.split(",")[:5] for line in written[0]] == [line.split(",")[:5] for line in written[1]]


def test_another_run_is_refused_or_replaced(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(tiny_session(CONFIG), journal(tmp_path, stop_at(3)))
    with pytest.raises(SavedRunError, match=r"half-finished run with other settings\.\nChoose another .*--overwrite"):
        run(tiny_session(CONFIG), journal(tmp_path, key="other"))
    fresh = tiny_session(CONFIG)
    steps: list[int] = []
    run(fresh, Journal(tmp_path, "other", replace_other=True, report=lambda session: steps.append(session.step)))
    assert steps[0] == 1


def test_the_same_run_goes_on_even_where_others_are_replaced(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        run(tiny_session(CONFIG), journal(tmp_path, stop_at(3)))
    steps: list[int] = []
    again = Journal(tmp_path, "key", replace_other=True, report=lambda session: steps.append(session.step))
    run(tiny_session(CONFIG), again)
    assert steps == list(range(4, 2 * EPOCH + 1))


def test_a_damaged_state_is_one_clear_error(tmp_path: Path) -> None:
    run(tiny_session(CONFIG), journal(tmp_path, save_seconds=0.0))
    state = tmp_path / STATE
    state.write_bytes(state.read_bytes()[:-100])
    with pytest.raises(SavedRunError, match=r"state\.pt cannot be read"):
        run(tiny_session(CONFIG), journal(tmp_path))
    run(tiny_session(CONFIG), journal(tmp_path, replace_other=True))


def test_threads_train_without_handlers(tmp_path: Path) -> None:
    session = tiny_session(CONFIG)
    thread = threading.Thread(target=run, args=(session, journal(tmp_path)))
    thread.start()
    thread.join()
    assert session.step == 2 * EPOCH
    assert differences(session.state_dict()["model"], advance(tiny_session(CONFIG), 2 * EPOCH).model.state_dict()) == []
