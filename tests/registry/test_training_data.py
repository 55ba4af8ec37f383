"""What a submitter declares reaches the model that came in by the submission, and no other."""

import pytest
from queue_rows import CHECKPOINT, MODEL
from sqlalchemy import Engine

from registry import queries, submissions
from registry.accounts import create_account
from registry.db.session import now_us, session_scope
from registry.declarations import Declared
from registry.queries.training_data import training_data
from registry.records import SuiteRecord


@pytest.mark.parametrize("older", [True, False])
def test_a_declaration_is_for_the_model_that_came_in_by_it(sqlite_catalogue: Engine, older: bool) -> None:
    def register() -> int:
        return queries.register_checkpoint(session, queries.upsert_model(session, MODEL), CHECKPOINT)

    with session_scope(sqlite_catalogue, write=True) as session:
        queries.upsert_suite(session, SuiteRecord(name="s", version="1", title="S", content={"cells": []}))
        account = create_account(session, "ada")
        if older:
            register()
    before = _now(sqlite_catalogue)
    while _now(sqlite_catalogue) == before:
        pass  # SQLite's clock has milliseconds
    with session_scope(sqlite_catalogue, write=True) as session:
        submissions.submit(
            session, hub_endpoint="https://hub.example", hub_repo="ada/net", revision="a" * 40, suite="s@1",
            actor="ada", account_id=account, declared=Declared(training_data="ImageNet-1k, CIFAR-10"),
        )  # fmt: skip
        waiting = submissions.claim_check(session, "worker")
        assert waiting is not None
        submissions.accept(session, waiting.public_id, waiting.check_attempt, "worker", register(), [])
        assert training_data(session) == ({} if older else {MODEL.name: ("cifar-10", "imagenet-1k")})


def _now(engine: Engine) -> int:
    with session_scope(engine) as session:
        return now_us(session)
