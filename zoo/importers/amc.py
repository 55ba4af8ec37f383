"""MobileNet-v1 as AMC names it, in IST-DASLab's transfer study too: ``conv1``, ``features``, ``classifier``."""

import re

from . import IMPORTERS
from ._layout import Importer

_PAIR = re.compile(r"features\.(\d+)\.(.+)")


def _renamed(name: str) -> str:
    if found := _PAIR.fullmatch(name):
        return f"model.{int(found[1]) + 1}.{found[2]}"
    return re.sub(r"^classifier\.\d\.", "fc.", re.sub(r"^conv1\.", "model.0.", name))


IMPORTERS.register("amc")(
    Importer(
        name="amc",
        title="AMC's MobileNet-v1",
        marks=lambda state: "conv1.0.weight" in state and "features.0.3.weight" in state,
        convert=lambda state: {_renamed(name): value for name, value in state.items()},
        source="github mit-han-lab/amc-compressed-models, models/mobilenet_v1.py",
    )
)
