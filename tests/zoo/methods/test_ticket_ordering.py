"""The finding of 2019 on real digits: at 7 % of the weights and below the ticket beats the same mask re-initialised.

An independent program measured on digits, with 150 epochs a round: ticket 96.9, re-initialised 93.1 at 6.9 %, and 96.4
against 89.0 at 2.8 % (means of three seeds). With fewer epochs the gap is wider.
"""

import pytest

from zoo.architectures import ARCHITECTURES
from zoo.data import load_data
from zoo.methods import METHODS
from zoo.methods._rounds import RoundsConfig
from zoo.models import build
from zoo.train import TrainConfig, evaluate, train

ARCHITECTURE = "lenet-300-100-digits"


def top1(method: str, target: float, seed: int, rate: float, epochs: int) -> float:
    data, preprocessing = load_data("digits:0-9"), ARCHITECTURES[ARCHITECTURE].preprocessing
    model = build(ARCHITECTURE, 10, seed)
    config = TrainConfig(
        epochs, learning_rate=0.1, momentum=0.0, weight_decay=0.0, schedule="constant", seed=seed
    )  # plain gradient descent, as in the paper's code
    train(
        model,
        data.splits["train"],
        config,
        preprocessing=preprocessing,
        method=METHODS[method](RoundsConfig(rate=rate)),
        target=target,
    )
    return evaluate(model, data.splits["test"], preprocessing).top1


@pytest.mark.slow
def test_the_ticket_beats_its_control_at_3_percent_in_few_rounds() -> None:
    ticket, control = (top1(name, 0.97, 0, 0.5, 10) for name in ("lottery-ticket", "reinitialised-ticket"))
    assert ticket > control + 0.2, (ticket, control)


@pytest.mark.slow
@pytest.mark.parametrize("target", [0.93, 0.97])
def test_the_ticket_beats_its_control_on_the_mean_of_three_seeds(target: float) -> None:
    ticket, control = (
        [top1(name, target, seed, 0.2, 30) for seed in range(3)] for name in ("lottery-ticket", "reinitialised-ticket")
    )
    assert sum(ticket) / 3 > sum(control) / 3 + 0.02, (ticket, control)
