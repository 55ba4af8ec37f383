"""What a model costs: bytes, non-zeros, FLOPs, latency; since version 2 throughput, memory and energy as well."""

from . import TASKS, CostTask, Timing

SOURCE = "counted from the checkpoint's bytes; latency is measured where the job runs"

TASKS.register("cost@1")(
    CostTask(
        name="cost",
        version="1",
        title="Cost",
        primary_metric="nonzeros@1",
        source=SOURCE,
        latency=Timing(batch=1, repeats=50, warm_up=10),
    )
)
TASKS.register("cost@2")(
    CostTask(
        name="cost",
        version="2",
        title="Cost",
        primary_metric="nonzeros@1",
        source=SOURCE,
        latency=Timing(batch=1, repeats=50, warm_up=10),
        throughput=Timing(batch=32, repeats=20, warm_up=3),
    )
)
