"""A run that is stopped after any step, or put back to any step, ends in the same bits."""

import io
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from training_runs import EPOCH, advance, differences, loaded, saved, tiny_session

from zoo.core.errors import UsageError
from zoo.train import Execution, Session, TrainConfig

EPOCHS = 3
METHODS_OF_KINDS = ("dense", "gmp", "random", "rigl", "laplace-snr")

# Values, not the configuration itself: checking its types draws from the module random, which hypothesis forbids there.
settings_of_runs = st.fixed_dictionaries(
    {
        "label_smoothing": st.sampled_from([0.0, 0.1]),
        "optimizer": st.sampled_from(["sgd", "adam", "adamw"]),
        "schedule": st.sampled_from(["cosine", "constant"]),
        "warmup_epochs": st.sampled_from([0.0, 1.0]),
        "clip_norm": st.sampled_from([None, 1.0]),
        "decay_norms": st.booleans(),
        "precision": st.sampled_from(["fp32", "bf16"]),
        "norm_batches": st.sampled_from([0, 3]),
        "seed": st.integers(0, 2),
    }
)
stops = st.lists(st.integers(0, EPOCHS * EPOCH), max_size=3, unique=True).map(sorted)


def end(session: Session) -> dict[str, Any]:
    for _ in session:
        pass
    result = session.finish()
    return {**session.state_dict(), "result flops": result.flops, "result steps": result.steps}


def check_stops(values: dict[str, Any], method: str, stops: list[int], pieces: int, log_steps: int | None) -> None:
    config = TrainConfig(epochs=EPOCHS, batch_size=8, learning_rate=0.05, **values)
    target = 0.0 if method == "dense" else 0.5
    options: dict[str, Any] = {"execution": Execution(pieces=pieces), "log_steps": log_steps}
    straight = end(tiny_session(config, method, target, **options))
    session = tiny_session(config, method, target, **options)
    for stop in stops:
        state = saved(advance(session, stop - session.step))
        # Another process has other weights at first, and whatever is not restored shows.
        session = loaded(tiny_session(config, method, target, start=7, **options), state)
        assert session.step == stop
    assert differences(straight, end(session)) == []


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(settings_of_runs, st.sampled_from(METHODS_OF_KINDS), stops, st.sampled_from([1, 3]), st.sampled_from([None, 2]))
def test_stopped_anywhere_a_run_ends_bit_equal(
    values: dict[str, Any], method: str, stops: list[int], pieces: int, log_steps: int | None
) -> None:
    check_stops(values, method, stops, pieces, log_steps)


@pytest.mark.slow
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(settings_of_runs, st.sampled_from(METHODS_OF_KINDS), stops, st.sampled_from([1, 3]), st.sampled_from([None, 2]))
def test_stopped_anywhere_a_run_ends_bit_equal_in_many_cases(
    values: dict[str, Any], method: str, stops: list[int], pieces: int, log_steps: int | None
) -> None:
    check_stops(values, method, stops, pieces, log_steps)


@settings(max_examples=4, deadline=None)
@given(st.integers(0, EPOCHS * EPOCH - 1), st.sampled_from(["gmp", "rigl"]))
def test_put_back_to_any_step_a_run_goes_the_same_way_again(back: int, method: str) -> None:
    config = TrainConfig(epochs=EPOCHS, batch_size=8, learning_rate=0.05)
    session = advance(tiny_session(config, method, 0.5), back)
    earlier = saved(session)
    first = saved(advance(session, EPOCHS * EPOCH))
    assert differences(torch_load(earlier), torch_load(first)) != []
    loaded(session, earlier)
    assert session.step == back
    assert differences(torch_load(earlier), session.state_dict()) == []
    assert differences(torch_load(first), advance(session, EPOCHS * EPOCH).state_dict()) == []


def torch_load(state: bytes) -> Any:
    return torch.load(io.BytesIO(state), weights_only=True)


def test_dropout_draws_by_the_number_of_the_step_and_leaves_torchs_generator_alone() -> None:
    config = TrainConfig(epochs=1, batch_size=8)
    ends = []
    for seed in (3, 4):
        torch.manual_seed(seed)
        before = torch.get_rng_state()
        ends.append(end(tiny_session(config)))
        assert torch.equal(before, torch.get_rng_state())
    assert differences(ends[0], ends[1]) == []


def test_the_comparison_sees_one_bit() -> None:
    state = tiny_session(TrainConfig(epochs=1, batch_size=8)).state_dict()
    other = torch_load(saved(tiny_session(TrainConfig(epochs=1, batch_size=8))))
    assert differences(state, other) == []
    other["model"]["fc.bias"][0] = torch.nextafter(other["model"]["fc.bias"][0], torch.tensor(9.0))
    assert differences(state, other) == ["state.model.fc.bias"]


def test_a_state_of_a_run_of_another_length_is_refused() -> None:
    state = saved(advance(tiny_session(TrainConfig(epochs=2, batch_size=8)), 3))
    with pytest.raises(UsageError, match="in 10 steps, this one"):
        loaded(tiny_session(TrainConfig(epochs=3, batch_size=8)), state)
