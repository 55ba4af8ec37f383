"""Lottery tickets: iterative magnitude pruning that puts the surviving weights back to where they were early on."""

from types import MappingProxyType

from ..pruner import Pruner
from . import EVERY_PATTERN, METHODS, MaskBehaviour, MethodFacts
from ._rounds import RoundsMethod, keep_state, rewind_state


@METHODS.register("lottery-ticket")
class LotteryTicket(RoundsMethod):
    """Weights, statistics and learning rate go back to ``rewind`` after every round (Frankle et al. 2019, 2020)."""

    facts = MethodFacts(
        title="Lottery ticket",
        family="magnitude",
        paper="Linear Mode Connectivity and the Lottery Ticket Hypothesis (arXiv 1912.05671); "
        "The Lottery Ticket Hypothesis: Finding Sparse, Trainable Neural Networks (arXiv 1803.03635)",
        mask_behaviour=MaskBehaviour.NESTED,
        starts_from="scratch",
        rewinds=True,
        patterns=EVERY_PATTERN,
    )
    short_runs = MappingProxyType({"late": {"rate": 0.75, "rewind": 0.4}, "layerwise": {"allocation": "layerwise"}})

    def keep(self, pruner: Pruner) -> None:
        """Copy the whole network."""
        keep_state(pruner)

    def begin_again(self, pruner: Pruner, last: bool) -> None:  # noqa: ARG002
        """Put it back; the masks do the rest."""
        rewind_state(pruner)
