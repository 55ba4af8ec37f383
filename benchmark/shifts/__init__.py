"""Distribution-shifted sets: one file per shift; ``SHIFTS`` knows them by ``name@version``."""

from zoo.core.plugins import Plugins

from ._protocol import CorruptionShift, ShiftTask

SHIFTS: Plugins[ShiftTask] = Plugins("shift", __name__)

from ._corruption_sets import CLEAN  # noqa: E402
from ._published import PublishedShift  # noqa: E402

__all__ = ["CLEAN", "SHIFTS", "CorruptionShift", "PublishedShift", "ShiftTask"]
