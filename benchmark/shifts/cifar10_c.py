"""CIFAR-10-C: the published arrays, fifteen corruptions and four more, each at five severities.

The archive holds nineteen corruptions; the mean is over fifteen.
"""

from . import SHIFTS
from ._arrays import SeverityArrays
from ._corruption_sets import CITATION, CORRUPTIONS, EXTRA, conditions_of
from ._published import PublishedShift, Terms


def _register(name: str, title: str, corruptions: tuple[str, ...]) -> None:
    SHIFTS.register(f"{name}@1")(
        PublishedShift(
            name=name,
            version="1",
            title=title,
            primary_metric="top1@1",
            source="zenodo.org/records/2535967",
            source_task="cifar10@1",
            upstream_data="cifar10",
            metrics=("top1", "nll", "brier", "ece15"),
            layout=SeverityArrays(family="cifar10-c"),
            addresses=("https://zenodo.org/records/2535967 (CIFAR-10-C.tar)",),
            terms=Terms("CC-BY-4.0", CITATION),
            shown=conditions_of(corruptions),
            n_each=10_000,
            per_class=1000,
            of_classes=10,
        )
    )


_register("cifar10-c", "CIFAR-10-C", CORRUPTIONS)
_register("cifar10-c-extra", "CIFAR-10-C, the four extra corruptions", EXTRA)
