"""What training lowers."""

from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import cross_entropy, kl_div, log_softmax

from .config import TrainConfig


def training_loss(
    logits: Float[Tensor, "n k"], labels: Tensor, config: TrainConfig, teacher: Float[Tensor, "n k"] | None
) -> Float[Tensor, ""]:
    """Cross-entropy (nats, mean over the images) with label smoothing; with a teacher mixed with distillation.

    ``labels`` are class indices "n", or probabilities "n k" where images were mixed. ``teacher`` holds the dense
    parent's logits.
    """
    loss = cross_entropy(logits, labels, label_smoothing=config.label_smoothing)
    if teacher is None:
        return loss
    softened = distillation_loss(logits, teacher, config.temperature)
    return (1.0 - config.distillation) * loss + config.distillation * softened


def distillation_loss(
    student: Float[Tensor, "n k"], teacher: Float[Tensor, "n k"], temperature: float
) -> Float[Tensor, ""]:
    """``T² · KL(teacher ‖ student)`` of the predictions softened by ``T``, in nats, mean over the images.

    The factor keeps the size of the gradients whatever ``T`` (Hinton et al. 2015, section 2).
    """
    logs = [log_softmax(logits / temperature, dim=1) for logits in (student, teacher)]
    return kl_div(logs[0], logs[1], reduction="batchmean", log_target=True) * temperature**2
