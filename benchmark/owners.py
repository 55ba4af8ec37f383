"""Who holds a lease: a name for this process, and whether the process behind a name is gone.

``host/pid namespace/pid/start``: a process number alone is used again after a restart, and means another process in
another container, so the start time and the namespace are part of the name. Where the system does not tell them
(macOS, Windows), nobody is ever declared dead and leases simply run out.
"""

import os
import socket
import uuid
from functools import cache
from pathlib import Path

_UNTOLD = "-"


@cache
def this_owner() -> str:
    """The name of this process; never that of another one."""
    pid = os.getpid()
    start = _start_time(pid)
    return f"{socket.gethostname()}/{_namespace()}/{pid}/{uuid.uuid4().hex[:12] if start is None else start}"


def is_gone(owner: str) -> bool:
    """Whether ``owner`` was a process of this machine (and container) that runs no more. In doubt: False."""
    host, _, rest = owner.rpartition("/")[0].partition("/")
    namespace, _, pid = rest.partition("/")
    start = owner.rpartition("/")[2]
    if host != socket.gethostname() or namespace in ("", _UNTOLD) or namespace != _namespace() or not pid.isdigit():
        return False
    return start != str(_start_time(int(pid)))


def _start_time(pid: int) -> int | None:
    """Clock ticks from boot to the start of a process; None if it does not run (any more)."""
    try:
        # The second field is the command in brackets and may hold spaces.
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return None if fields[0] == "Z" else int(fields[19])


@cache
def _namespace() -> str:
    try:
        return Path("/proc/self/ns/pid").readlink().name.removeprefix("pid:")
    except OSError:
        return _UNTOLD
