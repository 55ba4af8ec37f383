"""One hub for the whole test run, started on first use."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest


@dataclass(frozen=True)
class RunningHub:
    """How to reach the hub: pass ``endpoint`` and ``token`` to ``HfApi``; ``namespace`` may be written to."""

    endpoint: str
    token: str = field(repr=False)
    namespace: str


@pytest.fixture(scope="session")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHub]:
    """The embedded hub with an account. Tests share it: choose repository names of your own."""
    from registry.hub_server.embedded import EmbeddedHub

    with EmbeddedHub(tmp_path_factory.mktemp("hub")) as running:
        yield RunningHub(running.endpoint, running.token_for("prunarium"), "prunarium")
