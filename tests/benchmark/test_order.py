"""The order is all that a worker gets, as JSON."""

import json

import pytest

from benchmark.order import WorkOrder
from registry.settings import load_settings
from zoo.core.errors import UsageError

SETTINGS = load_settings({"PRUNARIUM_HOME": "/srv/p", "PRUNARIUM_HUB": "http://hub", "PRUNARIUM_HUB_TOKEN": "secret"})


def test_json_round_trip_with_the_settings_inside() -> None:
    order = WorkOrder.from_settings(SETTINGS, job_ids=(1, 2), folders="/models")
    received = WorkOrder.from_json(json.loads(json.dumps(order.to_json())))
    assert received == order
    assert received.settings() == SETTINGS


def test_the_token_is_never_printed() -> None:
    assert "secret" not in repr(WorkOrder.from_settings(SETTINGS))


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(UsageError, match="no work order"):
        WorkOrder.from_json({**WorkOrder.from_settings(SETTINGS).to_json(), "surprise": 1})
