"""Digests as git and sha256sum give them; the client's errors as a few of ours."""

import socket
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hub_fixture import RunningHub
from huggingface_hub import errors as hub

from registry.errors import HubAccessError, HubError, HubUnavailableError, NotOnHubError
from registry.hub_client import client, digests_of, hub_errors, matches, remote_digests
from zoo.core.errors import PrunariumError, UsageError


@pytest.mark.parametrize("content", [b"", b"hello\n", bytes(range(256)) * 5000])
def test_digests_are_those_of_git_and_sha256sum(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    tools = (["sha256sum"], ["git", "hash-object", "--no-filters"])
    sha256, git_sha1 = (
        subprocess.run([*tool, str(path)], capture_output=True, text=True, check=True).stdout.split()[0]
        for tool in tools
    )
    assert digests_of(path) == digests_of(content)
    assert digests_of(path) == (sha256, git_sha1, len(content))
    assert matches(path, sha256)
    assert matches(path, git_sha1)
    assert not matches(path, "")


def closed_port() -> int:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def test_real_failures_are_sorted(hub: RunningHub) -> None:
    mine = client(hub.endpoint, hub.token)
    cases: list[tuple[Callable[[], Any], type[PrunariumError], str]] = [
        (lambda: mine.repo_info(f"{hub.namespace}/absent"), NotOnHubError, "has no such"),
        (lambda: mine.create_repo("somebody-else/x"), HubAccessError, "refuses"),
        (lambda: client(hub.endpoint, "hf_wrong").whoami(), HubAccessError, "refuses"),
        (lambda: client(f"http://127.0.0.1:{closed_port()}", None).repo_info("a/b"), HubUnavailableError, "reached"),
        (lambda: mine.repo_info("not a hub id"), UsageError, "no Hub id"),
    ]
    for call, kind, message in cases:
        with pytest.raises(kind, match=message), hub_errors(hub.endpoint, "some/repo"):
            call()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (hub.OfflineModeIsEnabled("offline"), HubUnavailableError),
        (hub.LocalEntryNotFoundError("not cached"), HubUnavailableError),
        (ConnectionResetError("cut"), HubUnavailableError),
        (TimeoutError("slow"), HubUnavailableError),
    ],
)
def test_a_lost_connection_is_no_missing_file(error: Exception, kind: type[HubError]) -> None:
    with pytest.raises(kind), hub_errors(None, "org/name"):
        raise error


def test_our_own_errors_pass_unchanged() -> None:
    with pytest.raises(PrunariumError, match="ours"), hub_errors(None, "org/name"):
        raise PrunariumError("ours")


def test_remote_digests_know_both_kinds_and_leave_out_what_is_missing(hub: RunningHub, tmp_path: Path) -> None:
    api = client(hub.endpoint, hub.token)
    repo = f"{hub.namespace}/digests"
    api.create_repo(repo)
    contents = {"a.txt": b"text", "b.safetensors": bytes(2000)}
    for name, content in contents.items():
        api.upload_file(path_or_fileobj=content, path_in_repo=name, repo_id=repo)
    found = remote_digests(api, repo, "main", [*contents, "absent"])
    assert found == {"a.txt": digests_of(b"text").git_sha1, "b.safetensors": digests_of(bytes(2000)).sha256}
