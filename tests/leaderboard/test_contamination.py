"""Declared training data: kept, shown on the board and the page of the model, searched, warned of."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine
from starlette.testclient import TestClient

from leaderboard.app import create_app
from registry import queries
from registry.contamination import named_data, seen_tasks, warning
from registry.db.session import session_scope
from registry.queries.training_data import set_training_data, training_data

MODEL = "ac-dc/resnet50/0.90"


def declare(engine: Engine, text: str) -> None:
    with session_scope(engine, write=True) as session:
        set_training_data(session, queries.model_id(session, MODEL), named_data(text))


def test_a_model_that_saw_a_task_says_so_where_its_numbers_are(own_engine: Engine) -> None:
    words = "Declared to have been trained on oxford-iiit pet: its numbers on pets@ist2022 show no transfer."
    with TestClient(create_app(own_engine)) as client:
        assert words not in client.get("/").text
        declare(own_engine, "Oxford-IIIT Pet; JFT-300M")
        for page in ("/", f"/models/{MODEL}"):
            assert words in client.get(page).text, page
        page = client.get(f"/models/{MODEL}").text
        assert "jft-300m, oxford-iiit pet" in page
        found = client.get("/api/v1/models", params={"q": "trained_on=JFT-300M"}).json()
        assert [one["name"] for one in found["models"]] == [MODEL]
        assert client.get("/api/v1/models", params={"q": "trained_on=jft"}).json()["total"] == 0
        declare(own_engine, "JFT-300M")
        assert words not in client.get("/").text


def test_what_the_files_state_is_warned_of_without_a_declaration(own_engine: Engine) -> None:
    with session_scope(own_engine, write=True) as session:
        model = queries.get_model(session, MODEL)
        assert model is not None
        queries.upsert_model(session, replace(model, upstream_data="timm/oxford-iiit-pet"))
    with TestClient(create_app(own_engine)) as client:
        words = "Declared to have been trained on timm/oxford-iiit-pet: its numbers on pets@ist2022 show no transfer."
        assert words in client.get(f"/models/{MODEL}").text


def test_data_are_replaced_and_listed_by_model(own_engine: Engine) -> None:
    declare(own_engine, "b, a and b")
    with session_scope(own_engine) as session:
        assert training_data(session) == {MODEL: ("a", "b")}
    declare(own_engine, "")
    with session_scope(own_engine) as session:
        assert training_data(session) == {}


@pytest.mark.parametrize(
    ("declared", "seen"),
    [
        ("CIFAR-10", {"cifar10@1"}), ("cifar 10", {"cifar10@1"}), ("CIFAR-100", set()), ("Stanford Cars", {"cars@1"}),
        ("cars", {"cars@1"}), ("ImageNet-1k", set()), ("", set()),
    ],
)  # fmt: skip
def test_tasks_are_known_by_the_names_that_people_use(declared: str, seen: set[str]) -> None:
    assert seen_tasks(named_data(declared), {"cifar10@1": "cifar10", "cars@1": "cars"}).keys() == seen
    assert (warning(dict.fromkeys(seen, declared)) is None) == (not seen)
