"""The course of a fine-tune as CSV, JSON and a picture."""

import csv
import io
import json
from collections.abc import Mapping, Sequence

from registry.charts import Course, standalone, training_curve

from .training import Point

COLOURS = {"model": "m0", "parent": "m1"}
NAMES = {"model": "this model", "parent": "dense parent"}


def curve_files(curves: Mapping[str, Sequence[Point]], protocol: str, title: str) -> dict[str, bytes]:
    """``curve.csv``, ``curve.json`` and ``curve.svg`` of the networks in ``curves`` ("model", "parent")."""
    rows = [{"network": network, **point} for network, points in curves.items() for point in points]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]) if rows else ["network"], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    files = {"curve.csv": text.getvalue().encode(), "curve.json": (json.dumps(rows, indent=1) + "\n").encode()}
    if picture := _picture(curves, protocol, title):
        files["curve.svg"] = picture.encode()
    return files


def _picture(curves: Mapping[str, Sequence[Point]], protocol: str, title: str) -> str:
    across, up = ("penalty", "validation_nll") if protocol == "linear" else ("epoch", "train_loss")
    courses = []
    for network, points in curves.items():
        drawn = [
            (place, value)
            for point in points
            if (place := point[across]) is not None and (value := point[up]) is not None
        ]
        places, values = zip(*drawn, strict=True) if drawn else ((), ())
        courses.append(Course(NAMES[network], COLOURS[network], places, values))
    what = "Validation cross-entropy by penalty" if protocol == "linear" else "Training loss by epoch"
    svg = training_curve(what, courses, place=across, unit="nats", logarithmic=protocol == "linear")
    return standalone(svg, title) if svg else ""
