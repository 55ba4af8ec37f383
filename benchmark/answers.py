"""Which images were answered right, as the catalogue keeps it beside the address of the predictions."""

from registry.image_sets import Answers, ImageSet, pack_bits

from .class_names import class_names
from .predictions import Predictions


def answers_of(predictions: Predictions, task: str) -> Answers | None:
    """Of a whole test set with labels; None for parts of a shift, of which there are many, and without labels."""
    columns = predictions.samples.columns
    if predictions.condition or not columns.labelled():
        return None
    names = class_names(task)
    if names is not None and len(names) != predictions.samples.classes:
        names = None  # a shifted set of some of the classes
    images = ImageSet(predictions.ids, tuple(int(label) for label in columns.labels), names)
    return Answers(images, pack_bits(columns.true_rank == 0))
