"""What training costs, counted from the masks that were in force."""

from torch import Tensor

from ..flops import forward_flops
from ..pruner import Pruner


class Cost:
    """Adds up the FLOPs of training steps (multiply and add apart); a backward pass counts as two forward ones."""

    def __init__(self, pruner: Pruner, used: dict[str, int], batch_size: int) -> None:
        self.total = 0
        self._pruner = pruner
        self._used = used
        self._batch_size = batch_size
        self._dense = forward_flops(pruner.numels, used)
        self._seen: dict[str, Tensor] | None = None
        self._sparse = self._dense

    def add(self, *, teacher: bool) -> None:
        """One step: the forward pass, the gradients of activations and those of weights; a teacher adds a dense forward
        pass. Methods that grow by gradients look at those of weights which the network does not use."""
        if self._pruner.masks is not self._seen:
            self._seen = self._pruner.masks
            self._sparse = forward_flops({name: int(mask.sum()) for name, mask in self._seen.items()}, self._used)
        counts = self._pruner.gradient_counts()
        gradients = self._sparse if counts is None else forward_flops(counts, self._used)
        image = 2 * self._sparse + gradients + (self._dense if teacher else 0)
        self.total += self._batch_size * image
