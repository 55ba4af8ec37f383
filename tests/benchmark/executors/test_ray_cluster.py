"""What the Ray executor refuses before anything is placed, in words that say what to do."""

import socket
from dataclasses import replace

import pytest

from benchmark.errors import WorkerDiedError
from benchmark.executors import EXECUTORS
from benchmark.executors.ray_cluster import Needs, _require_shared, _unreachable
from benchmark.order import WorkOrder
from benchmark.placement import Placement
from zoo.core.errors import UsageError

SMALL = {"Resources": {"CPU": 4.0, "memory": 8e9}, "NodeManagerHostname": socket.gethostname()}
LARGE = {"Resources": {"CPU": 16.0, "GPU": 2.0, "memory": 64e9}, "NodeManagerHostname": "other"}
ORDER = WorkOrder(home="/h", database_url="sqlite:////h/catalogue.sqlite", blobs="file:///h/blobs")


def test_one_node_must_have_all_that_a_job_needs() -> None:
    Needs.of(Placement()).require([SMALL])
    Needs.of(Placement(cpus=8.0, gpus=0.5, memory_bytes=32_000_000_000)).require([SMALL, LARGE])
    with pytest.raises(UsageError, match=r"No node of the cluster has 4 CPUs, 1 GPUs, 0 bytes of memory for one job"):
        Needs.of(Placement(cpus=4.0, gpus=1.0)).require([SMALL, {"Resources": {"CPU": 2.0, "GPU": 8.0}}])


def test_what_a_job_needs_is_what_ray_is_told() -> None:
    told = Needs.of(Placement(cpus=2.0, gpus=0.25, memory_bytes=10)).options({"A": "b"})
    assert (told["num_cpus"], told["num_gpus"], told["memory"]) == (2.0, 0.25, 10)
    assert told["runtime_env"] == {"env_vars": {"A": "b"}}
    assert Needs.of(Placement()).options({})["memory"] is None


def test_a_file_of_this_machine_is_no_catalogue_for_others() -> None:
    _require_shared(ORDER, [SMALL])
    _require_shared(replace(ORDER, database_url="postgresql://db/prunarium"), [SMALL, LARGE])
    with pytest.raises(UsageError, match="a file of this machine, which other cannot reach"):
        _require_shared(ORDER, [SMALL, LARGE])


def test_a_wrong_token_is_told_from_a_cluster_that_is_away() -> None:
    error = ConnectionError("Failed to connect")
    assert "No Ray cluster answers at head:6379: Failed to connect" in _unreachable("head:6379", error).message
    error.__cause__ = RuntimeError("RPC error: InvalidAuthToken: missing")
    refused = _unreachable("head:6379", error)
    assert isinstance(refused, WorkerDiedError)
    assert "does not accept this machine's token" in refused.message
    assert "RAY_AUTH_TOKEN" in (refused.hint or "")


@pytest.mark.parametrize("name", ["in-process", "local-processes"])
def test_only_a_cluster_promises_resources(name: str) -> None:
    with pytest.raises(UsageError, match=rf"executor {name} cannot promise gpus, address"):
        EXECUTORS[name].drain(ORDER.to_json(), Placement(gpus=1.0, address="head:6379"), print)


@pytest.mark.parametrize("wrong", [{"workers": 0}, {"cpus": -1.0}, {"memory_bytes": -1}])
def test_a_placement_that_makes_no_sense_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(UsageError, match="at least one worker, and no negative resources"):
        Placement(**wrong)  # type: ignore[arg-type]
