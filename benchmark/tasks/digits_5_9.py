"""The digits 5 to 9, which the demonstration's models have never seen: their transfer task."""

from . import TASKS, TransferTask
from ._digits import DIGITS_5_9, SOURCE

TASKS.register("digits-5-9@1")(
    TransferTask(
        name="digits-5-9",
        version="1",
        title="Digits 5–9",
        primary_metric="top1@1",
        source=SOURCE,
        data=DIGITS_5_9,
    )
)
