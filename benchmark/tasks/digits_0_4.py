"""The digits 0 to 4: what the demonstration's models are trained on."""

from . import TASKS, UpstreamTask
from ._digits import DIGITS_0_4, SOURCE

TASKS.register("digits-0-4@1")(
    UpstreamTask(
        name="digits-0-4",
        version="1",
        title="Digits 0–4",
        primary_metric="top1@1",
        source=SOURCE,
        data=DIGITS_0_4,
    )
)
