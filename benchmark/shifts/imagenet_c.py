"""ImageNet-C: the published JPEG files, which are 224 pixels wide already, at fifteen corruptions and four more.

Resizing them once more costs ResNet-50 1.5 points of mCE; corruptions made anew on other machines are other images.
"""

from . import SHIFTS
from ._corruption_sets import CITATION, CORRUPTIONS, EXTRA, conditions_of
from ._layout import ClassFolders
from ._published import PublishedShift, Terms


def _register(name: str, title: str, corruptions: tuple[str, ...], aggregates: tuple[str, ...], archives: str) -> None:
    SHIFTS.register(f"{name}@1")(
        PublishedShift(
            name=name,
            version="1",
            title=title,
            primary_metric=f"{aggregates[0]}@1" if aggregates else "top1@1",
            source="zenodo.org/records/2235448",
            source_task="imagenet@1",
            upstream_data="imagenet",
            metrics=("top1", "nll", "brier", "ece15"),
            aggregates=aggregates,
            layout=ClassFolders(family="imagenet-c", paired=True),
            addresses=(f"https://zenodo.org/records/2235448 ({archives})",),
            terms=Terms("CC-BY-4.0; images of ImageNet", CITATION),
            shown=conditions_of(corruptions),
            cropped=True,
            clean=bool(aggregates),
            n_each=50_000,
            per_class=50,
            of_classes=1000,
        )
    )


_register(
    "imagenet-c",
    "ImageNet-C",
    CORRUPTIONS,
    ("mce-official-alexnet", "relative-mce-official-alexnet"),
    "noise.tar, blur.tar, weather.tar, digital.tar",
)
_register("imagenet-c-extra", "ImageNet-C, the four extra corruptions", EXTRA, (), "extra.tar")
