"""The one place that sets accelerate up."""

import atexit
import gc

import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState, GradientState, PartialState

from ..core.errors import UsageError
from .config import Execution


def make_accelerator(precision: str, execution: Execution) -> Accelerator:
    """An accelerator for one run; several processes find each other by the variables of ``accelerate launch``.

    Raises :class:`UsageError` where the machine cannot do what is asked for.
    """
    if execution.device == "cuda" and not torch.cuda.is_available():
        raise UsageError("There is no GPU that torch can use.", "Train on the processor: --device cpu")
    on_cpu = execution.device == "cpu" or not torch.cuda.is_available()
    if precision == "fp16" and on_cpu:
        raise UsageError("fp16 needs a GPU.", "bf16 and fp32 work everywhere: --precision bf16")
    # accelerate keeps the settings of the first run for the life of a process, and a process makes many models. The
    # group of processes stays; only what was said about precision goes.
    alone = PartialState._shared_state.get("_num_processes", 1) == 1
    AcceleratorState._reset_state(reset_partial_state=alone)
    GradientState._reset_state()
    accelerator = Accelerator(cpu=on_cpu, mixed_precision="no" if precision == "fp32" else precision)
    if accelerator.num_processes > 1:
        atexit.unregister(_leave_the_group)  # once, however many runs a process makes
        atexit.register(_leave_the_group)
    return accelerator


def _leave_the_group() -> None:
    """A process that ends inside its group can abort, because threads of the group are still running."""
    if torch.distributed.is_initialized():
        gc.collect()  # models in cycles hold the group too
        torch.distributed.destroy_process_group()


def checksum(tensors: "list[torch.Tensor]") -> int:
    """A number that differs where bool tensors differ (but for one case in 2⁶¹ or so): positions weigh differently."""
    total = 0
    for tensor in tensors:
        kept = tensor.flatten().nonzero().flatten()
        total = (total * 1_000_003 + int((kept * kept + 7 * kept + 13).sum())) % (2**61 - 1)
    return total
