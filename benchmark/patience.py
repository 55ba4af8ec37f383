"""A catalogue or a server that is away for a moment: a connection was cut, it restarts."""

import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from registry.errors import CatalogueUnavailableError, ServerUnavailableError
from zoo.core.console import say

T = TypeVar("T")

PAUSES_SECONDS = (0.2, 1.0, 5.0, 15.0)


def patiently(act: Callable[[], T], pauses: Iterable[float] = PAUSES_SECONDS) -> T:
    """What ``act`` returns, tried again after each of ``pauses`` (seconds) while catalogue or server cannot be reached.

    ``act`` is one whole transaction that may be repeated. Raises what the last try raises.
    """
    for pause in pauses:
        try:
            return act()
        except (CatalogueUnavailableError, ServerUnavailableError) as error:
            say(f"{error.message} Trying again in {pause:g} s.")
            time.sleep(pause)
    return act()
