"""Real Ray clusters on this machine, for as long as a test needs them: nothing of them is left afterwards.

Not even when the test run is killed: this file is also a small program that waits for the end of its standard input,
and then ends the sessions that it was told of and removes the folder.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path

_ROOT = Path(__file__).parents[2]
_NODE = ("--num-cpus", "1", "--object-store-memory", "80000000", "--disable-usage-stats", "--block")
# Of one machine, without a dashboard, and deaf to an accelerator.
_QUIET = {
    "RAY_AUTH_MODE": "token",
    "RAY_AUTH_TOKEN": secrets.token_hex(32),  # one for all: Ray reads it once in a process
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_health_check_period_ms": "500",
    "RAY_health_check_timeout_ms": "1000",
    "RAY_health_check_failure_threshold": "2",
    "OMP_NUM_THREADS": "1",
}


@dataclass
class Cluster:
    """A head and its nodes, each with one CPU; ``environ`` lets a driver in."""

    address: str
    environ: Mapping[str, str]
    folder: Path
    reaper: "subprocess.Popen[str]"
    nodes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def add_node(self) -> subprocess.Popen[bytes]:
        """One more node with one CPU."""
        return self._start("--address", self.address)

    def kill(self, node: subprocess.Popen[bytes]) -> None:
        """SIGKILL for a node and all that runs on it."""
        kill_session(node.pid)
        node.wait()
        self.nodes.remove(node)

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        log = self.folder / f"node-{len(self.nodes)}.log"
        with log.open("wb") as file:
            node = subprocess.Popen(
                [sys.executable, "-m", "ray.scripts.scripts", "start", *arguments, *_NODE],
                env={**os.environ, **self.environ},
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.nodes.append(node)
        if self.reaper.stdin is not None:
            self.reaper.stdin.write(f"{node.pid}\n")
            self.reaper.stdin.flush()
        deadline = time.monotonic() + 60
        while b"Ray runtime started" not in log.read_bytes():
            if node.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"a Ray node did not start: {log.read_text()[-2000:]}")
            time.sleep(0.1)
        return node


def need_ray() -> None:
    """Skip where Ray is not installed."""
    from optional import need  # not for the program below

    need("ray", find_spec("ray") is not None, "Ray")


@contextmanager
def ray_cluster(nodes: int = 2, environ: Mapping[str, str] | None = None) -> Iterator[Cluster]:
    """A head without CPUs and so many nodes; workers inherit ``environ``."""
    need_ray()
    # Short, because the names of sockets in it may have 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="ray-", dir="/tmp"))
    path = os.pathsep.join(filter(None, ((environ or {}).get("PYTHONPATH", ""), str(_ROOT))))
    given = {**_QUIET, **(environ or {}), "PYTHONPATH": path}
    reaper = subprocess.Popen(
        [sys.executable, __file__, str(folder)], stdin=subprocess.PIPE, text=True, start_new_session=True
    )
    cluster = Cluster(f"127.0.0.1:{_free_port()}", given, folder, reaper)
    try:
        port = cluster.address.rpartition(":")[2]
        head = ("--head", "--port", port, "--node-ip-address", "127.0.0.1", "--temp-dir", str(folder))
        cluster._start(*head, "--include-dashboard", "false", "--num-cpus", "0")
        for _ in range(nodes):
            cluster.add_node()
        yield cluster
    finally:
        reaper.communicate()
        for node in cluster.nodes:
            node.wait()


def kill_session(leader: int) -> None:
    """SIGKILL for every process of the session that ``leader`` began, in whatever group."""
    while members := _members(leader):
        for pid in members:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def _members(session: int) -> list[int]:
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            fields = stat.read_text().rpartition(")")[2].split()
            if int(fields[3]) == session and fields[0] != "Z":
                found.append(int(stat.parent.name))
    return found


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def _reap(folder: Path) -> None:
    leaders = [int(line) for line in sys.stdin]
    for leader in leaders:
        kill_session(leader)
    shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    _reap(Path(sys.argv[1]))
