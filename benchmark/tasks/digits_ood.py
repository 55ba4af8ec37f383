"""Are the digits 5 to 9 recognised as none of the digits 0 to 4?"""

from . import TASKS, OodTask
from ._digits import DIGITS_0_4, DIGITS_5_9, SOURCE

TASKS.register("digits-ood@1")(
    OodTask(
        name="digits-ood",
        version="1",
        title="Digits 5–9 as out-of-distribution for 0–4",
        primary_metric="auroc@1",
        source=SOURCE,
        inside=DIGITS_0_4,
        outside=DIGITS_5_9,
    )
)
