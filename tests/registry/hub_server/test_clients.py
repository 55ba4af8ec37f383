"""Conformance: every call, by clients of three generations in environments of their own, with Xet and without.

``make test`` runs the newest client with Xet as it is by default, and of the others what needs no more packages; each
with datasets and timm, with Xet and without, is for ``make test-full``.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest
from client_environments import NEWEST, OLDER, Client, python_of

from registry.hub_server.embedded import EmbeddedHub

CALLS = Path(__file__).parents[2] / "support" / "hub_client_run.py"


def run_calls(client: Client, hub: EmbeddedHub, home: Path, *groups: str, xet: bool) -> dict[str, Any]:
    """What the script printed."""
    hub.token_for("visitor")
    settings = {
        "HF_ENDPOINT": hub.endpoint,
        "HF_TOKEN": hub.token_for("clients"),
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_UPDATE_CHECK": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "PYTHON"))}
    done = subprocess.run(
        [str(python_of(client, libraries="libraries" in groups)), str(CALLS), *groups],
        env=kept | settings | ({} if xet else {"HF_HUB_DISABLE_XET": "1"}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def assert_conforms(client: Client, answer: dict[str, Any]) -> None:
    """The named exceptions fail, and nothing else: one that passes by now must leave the list."""
    failed = {name: result for name, result in answer["results"].items() if result != "ok"}
    expected = client.exceptions.keys() & answer["results"].keys()
    assert failed.keys() == expected, json.dumps(
        {k: failed.get(k, "passes") for k in failed.keys() ^ expected}, indent=1
    )
    version = answer["versions"]["huggingface_hub"]
    assert version.split(".")[0] == client.name.split(".")[0]


def test_the_newest_client(served: EmbeddedHub, tmp_path: Path) -> None:
    answer = run_calls(NEWEST, served, tmp_path, "hub", "tools", xet=True)
    assert len(answer["results"]) == 44
    assert_conforms(NEWEST, answer)


@pytest.mark.parametrize("client", OLDER, ids=lambda client: client.name)
def test_older_clients_in_short(client: Client, served: EmbeddedHub, tmp_path: Path) -> None:
    assert_conforms(client, run_calls(client, served, tmp_path, "hub", xet=True))


@pytest.mark.slow
@pytest.mark.parametrize("xet", [True, False], ids=["xet", "no-xet"])
@pytest.mark.parametrize("client", [NEWEST, *OLDER], ids=lambda client: client.name)
def test_every_call_of_every_client(client: Client, xet: bool, served: EmbeddedHub, tmp_path: Path) -> None:
    assert_conforms(client, run_calls(client, served, tmp_path, "hub", "tools", "libraries", xet=xet))
