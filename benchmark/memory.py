"""How much memory a forward pass takes at its worst moment."""

import weakref
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only


@torch.no_grad()
def peak_bytes(model: nn.Module, x: Tensor) -> int:
    """The most bytes of tensors that are alive at once in ``model(x)``: weights, input and what operations return.

    On a GPU it is the allocator's own count. On a CPU storages are counted as operations make them and Python lets go
    of them; what an operation borrows and gives back inside itself is not seen.
    """
    if x.device.type == "cuda":
        torch.cuda.synchronize(x.device)
        torch.cuda.reset_peak_memory_stats(x.device)
        model(x)
        torch.cuda.synchronize(x.device)
        peak: int = torch.cuda.max_memory_allocated(x.device)
        return peak
    standing = {tensor.untyped_storage().data_ptr(): tensor for tensor in (x, *model.parameters(), *model.buffers())}
    with _LiveStorages() as live:
        model(x)
    alive: int = live.peak + sum(tensor.untyped_storage().nbytes() for tensor in standing.values())
    return alive


class _LiveStorages(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Bytes of storages that operations have made and that are still there."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.peak = 0
        self._bytes = 0
        self._known: set[int] = set()

    def __torch_dispatch__(
        self, func: Callable[..., Any], types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        # A view of an argument, or a change of it in place, makes nothing new.
        before = {tensor.untyped_storage()._cdata for tensor in _tensors((args, kwargs))}
        result = func(*args, **(kwargs or {}))
        for tensor in _tensors(result):
            storage = tensor.untyped_storage()
            if storage._cdata not in before | self._known:
                self._known.add(storage._cdata)
                self._bytes += storage.nbytes()
                weakref.finalize(storage, self._gone, storage._cdata, storage.nbytes())
        self.peak = max(self.peak, self._bytes)
        return result

    def _gone(self, key: int, size: int) -> None:
        self._known.discard(key)
        self._bytes -= size


def _tensors(tree: Any) -> list[Tensor]:
    found: list[Tensor] = []
    tree_map_only(Tensor, found.append, tree)
    return found
