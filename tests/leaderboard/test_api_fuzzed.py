"""Requests made from the API's own description: whatever they hold, no answer is the server's fault."""

from typing import Any

import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from sqlalchemy import Engine

from leaderboard.app import create_app
from registry.accounts import ROLE_SCOPES, create_account, issue_token
from registry.db.session import session_scope


def test_no_request_that_fits_the_description_is_a_server_error(own_engine: Engine) -> None:
    with session_scope(own_engine, write=True) as session:
        create_account(session, "somebody", role="admin")
        token = issue_token(session, "somebody", "laptop", ROLE_SCOPES["admin"])
    app = create_app(own_engine)
    asked = {operation.label: codes_of(operation, token) for operation in operations(app)}
    described = [f"{method.upper()} {path}" for path, one in app.openapi()["paths"].items() for method in one]
    assert sorted(asked) == sorted(described)
    assert {200, 400, 404} <= set().union(*asked.values())
    assert not [label for label, codes in asked.items() if 401 in codes]


def operations(app: FastAPI) -> list[Any]:
    found: list[Any] = list(schemathesis.openapi.from_asgi("/api/v1/openapi.json", app).get_all_operations())
    return [operation.ok() for operation in found]


def codes_of(operation: Any, token: str) -> set[int]:
    """The status codes of an operation's answers, none of which may be 500 or more."""
    codes: set[int] = set()

    @settings(
        max_examples=settings.default.max_examples // 10,  # type: ignore[union-attr]
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: Any) -> None:
        answer = case.call(headers={"Authorization": f"Bearer {token}"})
        codes.add(answer.status_code)
        assert answer.status_code < 500, case.as_curl_command()

    ask()
    return codes
