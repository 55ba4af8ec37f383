"""The control of lottery tickets: the ticket's mask with other initial weights."""

from types import MappingProxyType

from ..pruner import Pruner
from . import EVERY_PATTERN, METHODS, MaskBehaviour, MethodFacts
from ._rounds import RoundsMethod, keep_state, rewind_state, shuffle_weights


@METHODS.register("reinitialised-ticket")
class ReinitialisedTicket(RoundsMethod):
    """Rounds as for the ticket; the last training starts from initial weights that were dealt out anew."""

    facts = MethodFacts(
        title="Re-initialised lottery ticket",
        family="magnitude",
        paper="The Lottery Ticket Hypothesis: Finding Sparse, Trainable Neural Networks (arXiv 1803.03635)",
        mask_behaviour=MaskBehaviour.NESTED,
        starts_from="scratch",
        rewinds=True,
        patterns=EVERY_PATTERN,
    )
    short_runs = MappingProxyType({"late": {"rate": 0.75, "rewind": 0.4}})

    def keep(self, pruner: Pruner) -> None:
        """Copy the whole network."""
        keep_state(pruner)

    def begin_again(self, pruner: Pruner, last: bool) -> None:
        """Put it back; before the last training permute the values within every tensor."""
        rewind_state(pruner)
        if last:
            shuffle_weights(pruner)
