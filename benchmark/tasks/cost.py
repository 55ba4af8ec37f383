"""What a model costs: bytes, non-zeros, FLOPs, latency."""

from . import TASKS, CostTask

TASKS.register("cost@1")(
    CostTask(
        name="cost",
        version="1",
        title="Cost",
        primary_metric="nonzeros@1",
        source="counted from the checkpoint's bytes; latency is measured where the job runs",
        latency_batch=1,
        latency_repeats=50,
        latency_warm_up=10,
    )
)
