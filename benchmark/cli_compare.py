"""What ``prunarium compare`` prints of two models on the same images."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from zoo.core.console import emit_json, emit_table, say

if TYPE_CHECKING:
    import benchmark.comparison
    import benchmark.paired_images
    import registry.differences
    import registry.flips


def compare_models(
    model: str, other: str | None, *, task: str, protocol: str | None, condition: str, show: int, as_json: bool
) -> None:
    """Print how ``model`` stands against ``other`` or its dense parent, and ``show`` classes and images of each."""
    from .comparison import compare

    found = compare(model, other, task=task, protocol=protocol, condition=condition)
    if as_json:
        emit_json(found.to_json())
        return
    _say(found, show)


def _say(found: "benchmark.comparison.Comparison", show: int) -> None:
    seeds = " and ".join(f"{len(one)} seed{'s' if len(one) > 1 else ''}" for one in found.seeds)
    where = f"{found.task} by {found.protocol}" + (f", {found.condition}" if found.condition else "")
    columns = {"title": "Metric", "first": "model", "second": "parent", "difference": "difference, 95 %"}
    rows = [_row(one) for one in sorted(found.differences, key=lambda one: one.metric != found.primary)]
    emit_table(f"{found.first} against {found.second}: {where} ({seeds})", rows, columns | {"verdict": "model is"})
    if found.images is None:
        say(f"Images and classes are not compared: {found.no_images_reason}.")
        return
    _say_images(found.images, show)


def _row(one: "registry.differences.Difference") -> dict[str, Any]:
    scale, sign = (100, " %") if one.unit == "fraction" else (1, "")
    interval = (
        one.no_interval_reason
        if one.low is None or one.high is None
        else f"[{scale * one.low:+.4g}, {scale * one.high:+.4g}]"
    )
    unit = " points" if one.unit == "fraction" else ""
    return {
        "title": one.title,
        "first": f"{scale * one.first:.4g}{sign}",
        "second": f"{scale * one.second:.4g}{sign}",
        "difference": f"{scale * one.difference:+.4g}{unit} {interval}",
        "verdict": one.verdict or None,
    }


def _say_images(images: "benchmark.paired_images.PairedImages", show: int) -> None:
    test = images.no_test_reason
    if images.p_mid is not None and images.p_exact is not None:
        test = f"McNemar's test: mid-p {images.p_mid:.4g}, exact p {images.p_exact:.4g}"
    say(f"Of {images.n} images {len(images.lost)} were lost and {len(images.gained)} gained. {test}.")
    told = "no difference" if images.resolution >= 1 else f"differences from {100 * images.resolution:.2g} points"
    say(
        f"Exactly one of them is right on {100 * images.disagreement:.2g} % of the images: one run each tells {told} "
        "apart with 80 % power."
    )
    _emit_classes(images.classes[:show])
    _emit_images("Lost, most confident first", images.lost, show)
    _emit_images("Gained, most confident first", images.gained, show)


def _emit_classes(classes: Sequence["registry.flips.ClassChange"]) -> None:
    rows = [
        {
            "class": one.label if one.name is None else one.name,
            "n": one.n,
            "first": f"{100 * one.first:.1f}",
            "second": f"{100 * one.second:.1f}",
            "change": f"{100 * (one.first - one.second):+.1f}",
            "lost": one.lost,
            "gained": one.gained,
            "p": None if one.p is None else f"{one.p:.3g}",
        }
        for one in classes
    ]
    headings = {"class": "class", "n": "images", "first": "model, %", "second": "parent, %", "change": "points"}
    emit_table("Classes, most hurt first", rows, headings | {"lost": "lost", "gained": "gained", "p": "p (Holm)"})


def _emit_images(title: str, images: Sequence["benchmark.paired_images.ChangedImage"], show: int) -> None:
    rows = [
        {
            "id": image.id,
            "label": image.label if image.label_name is None else image.label_name,
            "first": f"{image.first_prediction} ({image.first_confidence:.3f})",
            "second": f"{image.second_prediction} ({image.second_confidence:.3f})",
        }
        for image in images
    ]
    headings = {"id": "image", "label": "label", "first": "model says", "second": "parent says"}
    if rows and show:
        emit_table(title, rows, headings, at_most=show)
