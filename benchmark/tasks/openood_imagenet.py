"""OpenOOD v1.5 for ImageNet: the near sets are hard to tell from ImageNet by their looks, the far ones by little."""

from collections.abc import Mapping

from . import TASKS, OpenOodTask

NEAR = {
    "ssb-hard": ("test_ssb_hard", "images_largescale"),
    "ninco": ("test_ninco", "images_largescale"),
}
FAR = {
    "inaturalist": ("test_inaturalist", "images_largescale"),
    "textures": ("test_textures", "images_classic"),
    "openimage-o": ("test_openimage_o", "images_largescale"),
}
SIZES = {"ssb-hard": 49_000, "ninco": 5_879, "inaturalist": 10_000, "textures": 5_160, "openimage-o": 15_869}
"""Images of each set by the tables of arXiv 2306.09301."""


def _register(name: str, title: str, lists: Mapping[str, tuple[str, str]]) -> None:
    TASKS.register(f"{name}@1")(
        OpenOodTask(
            name=name,
            version="1",
            title=title,
            primary_metric="auroc@1",
            source="github.com/Jingkang50/OpenOOD (v1.5)",
            lists=lists,
            expected={"inside": 45_000, **{each: SIZES[each] for each in lists}},
            fit_per_class=50,
        )
    )


_register("openood-near", "OpenOOD near: SSB-hard, NINCO", NEAR)
_register("openood-far", "OpenOOD far: iNaturalist, Textures, OpenImage-O", FAR)
