"""CIFAR-100-C: the published arrays, fifteen corruptions and four more, each at five severities.

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
            source="zenodo.org/records/3555552",
            source_task="cifar100@1",
            upstream_data="cifar100",
            metrics=("top1", "nll", "brier", "ece15"),
            layout=SeverityArrays(family="cifar100-c"),
            addresses=("https://zenodo.org/records/3555552 (CIFAR-100-C.tar)",),
            terms=Terms("CC-BY-4.0", CITATION),
            shown=conditions_of(corruptions),
            n_each=10_000,
            per_class=100,
            of_classes=100,
        )
    )


_register("cifar100-c", "CIFAR-100-C", CORRUPTIONS)
_register("cifar100-c-extra", "CIFAR-100-C, the four extra corruptions", EXTRA)
