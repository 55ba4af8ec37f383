"""What a run reports while it goes on: one row after each epoch, or after every so many steps."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """Means since the row before, at the end of ``step``.

    ``epoch`` counts finished ones, with fractions; ``loss`` is in nats; ``sparsity`` is a fraction of the prunable
    weights; ``seconds`` were spent in training steps since the run began, interruptions aside; ``validation_top1`` is a
    fraction, None where nobody measured it.
    """

    step: int
    epoch: float
    loss: float
    sparsity: float
    learning_rate: float
    seconds: float
    images_per_second: float
    validation_top1: float | None = None


@dataclass(frozen=True)
class TrainResult:
    """What a run of ``epochs`` cost.

    ``flops`` of all steps, multiply and add apart, a backward pass counted as two forward ones.
    """

    history: tuple[Row, ...]
    epochs: int
    steps: int
    flops: int
