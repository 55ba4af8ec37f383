"""A catalogue that is away for a moment: a connection was cut, a server restarts."""

import time
from collections.abc import Callable
from typing import TypeVar

from registry.errors import CatalogueUnavailableError
from zoo.core.console import say

T = TypeVar("T")

PAUSES_SECONDS = (0.2, 1.0, 5.0, 15.0)


def patiently(act: Callable[[], T]) -> T:
    """What ``act`` returns, tried again after each of ``PAUSES_SECONDS`` while the catalogue cannot be reached.

    ``act`` is one whole transaction that may be repeated. Raises what the last try raises.
    """
    for pause in PAUSES_SECONDS:
        try:
            return act()
        except CatalogueUnavailableError as error:
            say(f"{error.message} Trying again in {pause:g} s.")
            time.sleep(pause)
    return act()
