"""A hub of the hub's own tests: two accounts, small limits, raw requests."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from huggingface_hub import HfApi
from raw_http import RawClient

from registry.hub_server.embedded import EmbeddedHub
from registry.hub_server.records import Limits

LIMITS = Limits(
    inline_bytes=3 * 2**20,
    commit_bytes=8 * 2**20,
    json_bytes=2**20,
    multipart_from_bytes=6 * 2**20,
    part_bytes=2**20,
    page_entries=20,
    page_repos=3,
    xorb_bytes=80 * 2**20,
)


# Set by the run of these tests on PostgreSQL (test_postgresql.py).
DATABASE_URL = os.environ.get("PRUNARIUM_TEST_HUB_DATABASE")


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedHub]:
    with EmbeddedHub(tmp_path_factory.mktemp("served"), limits=LIMITS, database_url=DATABASE_URL) as hub:
        yield hub


@pytest.fixture(scope="session")
def alice(served: EmbeddedHub) -> HfApi:
    return HfApi(endpoint=served.endpoint, token=served.token_for("alice"))


@pytest.fixture(scope="session")
def bob(served: EmbeddedHub) -> HfApi:
    return HfApi(endpoint=served.endpoint, token=served.token_for("bob"))


@pytest.fixture(scope="session")
def anonymous(served: EmbeddedHub) -> HfApi:
    return HfApi(endpoint=served.endpoint, token=False)


@pytest.fixture
def repo(alice: HfApi, request: pytest.FixtureRequest) -> Iterator[str]:
    """A fresh model repository of alice, named after the test."""
    repo_id = f"alice/{re.sub('[^a-z0-9]+', '-', request.node.name)[:80].strip('-')}"
    alice.create_repo(repo_id)
    yield repo_id
    alice.delete_repo(repo_id, missing_ok=True)


@pytest.fixture
def download(alice: HfApi, tmp_path: Path) -> Callable[..., bytes]:
    """Bytes of a file through the real client and an empty cache."""

    def fetch(repo_id: str, path: str, revision: str | None = None, repo_type: str | None = None) -> bytes:
        cache = tmp_path / "cache"
        file = alice.hf_hub_download(repo_id, path, revision=revision, repo_type=repo_type, cache_dir=cache)
        return Path(file).read_bytes()

    return fetch


@pytest.fixture
def raw(served: EmbeddedHub, alice: HfApi) -> RawClient:
    """Requests as alice exactly as written: nothing normalises the address."""
    return RawClient(served.endpoint, str(alice.token))
