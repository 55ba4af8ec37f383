"""Work in a process of its own, so that its peak memory is its own."""

import json
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any, NamedTuple


class Cost(NamedTuple):
    """What a piece of work took: processor time, which a busy machine does not lengthen, and the largest resident set.

    The interpreter and torch are in ``peak_bytes``.
    """

    cpu_seconds: float
    peak_bytes: int


def in_a_process(work: Callable[[], dict[str, Any]]) -> tuple[dict[str, Any], Cost]:
    """The answer of ``work`` (JSON) and what it took, in a fork of this process. Raises RuntimeError where it fails."""
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(read)
        code = 1
        try:
            with os.fdopen(write, "w") as pipe:
                json.dump(work(), pipe)
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    os.close(write)
    with os.fdopen(read) as pipe:
        text = pipe.read()
    _, status, usage = os.wait4(child, 0)
    if status:
        raise RuntimeError(f"The work ended with status {os.waitstatus_to_exitcode(status)}.")
    return json.loads(text), Cost(usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024)
