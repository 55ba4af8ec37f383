"""Peers that need another environment than ours: an environment under ``build/peers``, and a process that serves.

The environment sees our packages and adds what we lack, in the versions that the peer asks for. Where that fails (no
network), there is no peer, and the reason is given.
"""

import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BUILD = Path(__file__).resolve().parents[2] / "build" / "peers"


class MissingPeerError(Exception):
    """The peer cannot run here; the message says why."""


class Peer:
    """A process that answers each line with a line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    def ask(self, line: str) -> str:
        """The answer; raises :class:`MissingPeerError` where the process has ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        try:
            self._process.stdin.write(line + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise MissingPeerError("its process ended") from None
        answer = self._process.stdout.readline().strip()
        if not answer:
            raise MissingPeerError("its process ended")
        return answer


@contextmanager
def peer(requirement: str, program: Path, *arguments: str) -> Iterator[Peer]:
    """Run ``program`` with ``requirement`` installed; raises :class:`MissingPeerError` where that cannot be."""
    python = _environment(requirement)
    process = subprocess.Popen(
        [python, str(program), *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        text=True,
    )  # fmt: skip
    try:
        yield Peer(process)
    finally:
        process.kill()
        process.communicate()


def _environment(requirement: str) -> str:
    folder = BUILD / requirement.replace("==", "-")
    python, done = folder / "bin" / "python", folder / "done"
    if not done.exists():
        try:
            _run(sys.executable, "-m", "venv", str(folder))
            site = _run(str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip()
            (Path(site) / "ours.pth").write_text(sysconfig.get_path("purelib") + "\n")
            _run(str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", requirement)
        except subprocess.CalledProcessError as error:
            raise MissingPeerError(f"{requirement} cannot be installed: {error.stderr.strip()[-200:]}") from error
        done.touch()
    return str(python)


def _run(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=900).stdout
