"""What the zoo is asked for where a campaign makes a checkpoint instead of fetching it."""

from pathlib import Path

from zoo.request import Request

from . import Campaign, Entry, Making


def request_of(campaign: Campaign, entry: Entry, making: Making, models: Path, parent: Path | None = None) -> Request:
    """``entry`` as ``making`` says, into ``models``; a forecast asks before there is a ``parent`` folder."""
    return Request(
        making.method,
        entry.network,
        campaign.data,
        target=making.sparsity,
        seed=0,
        out=models,
        parent=parent,
        epochs=making.epochs,
        recipe=making.recipe,
        settings=making.settings,
    )
