"""The runner on a toy measurement, and the page that it wrote. No number is judged here."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.speed.machine import Machine
from tests.speed.measurement import MEASUREMENTS, Contest, DisagreementError, Measurement, Outcome, Side, measure
from tests.speed.report import COLUMNS, as_json, page, parse_table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "speed.md"
MACHINE = Machine("2026-01-01", "a processor", 2, 2, 8.0, "Linux", "3.11", {"torch": "2"}, 1.0, 0.5)


class Toy:
    """A clock that its contenders turn: ours takes 1 s for 1 unit, the peer 6 s for 2."""

    def __init__(self, peer_says: int = 1) -> None:
        self.now, self.order, self.peer_says = 0.0, [""], peer_says
        self.measurement = Measurement(
            title="Toy", ours="ours", against={"them": "peer"}, compared="Nothing.", unit="unit", repeats=4,
            prepare=self.prepare,
        )  # fmt: skip

    def work(self, who: str, seconds: float, answer: int) -> int:
        self.order.append(who)
        self.now += seconds
        return answer

    def agree(self, answers: object) -> None:
        if answers != {"ours": 1, "them": 1}:
            raise DisagreementError(str(answers))

    @contextmanager
    def prepare(self, folder: Path) -> Iterator[Contest]:
        assert not list(folder.iterdir())
        them = Side(lambda: self.work("them", 6.0, self.peer_says), 2.0, before=lambda: self.work("idle", 100.0, 0))
        yield Contest(Side(lambda: self.work("ours", 1.0, 1)), {"them": them}, self.agree)

    def outcomes(self, folder: Path) -> list[Outcome]:
        return measure("toy", self.measurement, folder, clock=lambda: self.now)


def test_a_ratio_is_their_time_by_ours_for_the_same_work(tmp_path: Path) -> None:
    (outcome,) = Toy().outcomes(tmp_path)
    assert (outcome.ours_amount, outcome.against_amount, outcome.ratio) == (1.0, 3.0, 3.0)
    assert (outcome.ratio_low, outcome.ratio_high, outcome.repeats) == (3.0, 3.0, 4)


def test_contenders_take_turns_in_a_rotating_order(tmp_path: Path) -> None:
    toy = Toy()
    toy.outcomes(tmp_path)
    timed = [who for who in toy.order if who in ("ours", "them")][2:]  # the first two are the warm-up
    assert timed == ["ours", "them", "them", "ours"] * 2


def test_contenders_that_disagree_are_not_timed(tmp_path: Path) -> None:
    with pytest.raises(DisagreementError, match="'them': 2"):
        Toy(peer_says=2).outcomes(tmp_path)


def test_page_and_json_hold_the_outcome_and_say_that_the_machine_was_busy(tmp_path: Path) -> None:
    toy = Toy()
    outcomes = toy.outcomes(tmp_path)
    text = page(MACHINE, outcomes, {"toy": toy.measurement})
    (row,) = parse_table(text)
    assert [row[name] for name in COLUMNS] == [
        "Toy", "them", "peer", "**3.0**", "3.0 – 3.0", "1.00 s", "3.00 s", "unit", "4",
    ]  # fmt: skip
    assert "The machine was busy" in text
    document = json.loads(as_json(MACHINE, outcomes))
    assert (document["machine"]["busy"], document["outcomes"][0]["ratio"]) == (True, 3.0)


def test_sizes_are_the_answers_themselves(tmp_path: Path) -> None:
    measurement = Measurement(
        title="Toy", ours="ours", against={"them": "limit", "gone": "peer"}, compared="Nothing.", unit="model",
        repeats=1, prepare=sizes, quantity="size",
    )  # fmt: skip
    outcomes = measure("toy", measurement, tmp_path)
    rows = parse_table(page(MACHINE, outcomes, {"toy": measurement}))
    assert [[row[name] for name in ("Ratio", "Range", "Ours", "Theirs")] for row in rows] == [
        ["**0.50**", "–", "4.000 MB", "2.000 MB"],
        ["–", "not measured: no network", "4.000 MB", "–"],
    ]
    assert json.loads(as_json(MACHINE, outcomes))["outcomes"][1]["missing"] == "no network"


@contextmanager
def sizes(folder: Path) -> Iterator[Contest]:
    yield Contest(Side(lambda: 4_000_000), {"them": Side(lambda: 2_000_000)}, print, {"gone": "no network"})


def test_a_page_without_its_table_is_refused() -> None:
    with pytest.raises(ValueError, match="no table"):
        parse_table("# Speed\n")


def test_the_page_in_docs_has_a_row_for_every_measurement() -> None:
    rows = parse_table(PAGE.read_text(encoding="utf-8"))
    expected = [(each.title, other, kind) for _, each in MEASUREMENTS.items() for other, kind in each.against.items()]
    assert [(row["What"], row["Against"], row["Kind"]) for row in rows] == expected
