"""The loss beside scipy's and torch's own divergences."""

import numpy as np
import pytest
import torch
from scipy.special import log_softmax, softmax
from scipy.stats import entropy

from zoo.train import TrainConfig
from zoo.train.losses import distillation_loss, training_loss


def logits(seed: int) -> torch.Tensor:
    return 3.0 * torch.randn(5, 4, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("temperature", [1.0, 2.0, 5.0])
def test_distillation_is_scipys_relative_entropy(temperature: float) -> None:
    student, teacher = logits(0), logits(1)
    softened = [softmax(values.double().numpy() / temperature, axis=1) for values in (teacher, student)]
    expected = temperature**2 * np.mean(entropy(softened[0], softened[1], axis=1))
    assert float(distillation_loss(student, teacher, temperature)) == pytest.approx(expected, rel=1e-5)
    assert float(distillation_loss(teacher, teacher, temperature)) == pytest.approx(0.0, abs=1e-6)


def test_the_loss_mixes_smoothed_labels_and_the_teacher() -> None:
    student, teacher, labels = logits(2), logits(3), torch.tensor([0, 1, 2, 3, 1])
    config = TrainConfig(epochs=1, label_smoothing=0.1, distillation=0.3, temperature=2.0)
    wanted = np.full((5, 4), 0.1 / 4)
    wanted[np.arange(5), labels.numpy()] += 0.9
    hard = -np.mean(np.sum(wanted * log_softmax(student.double().numpy(), axis=1), axis=1))
    assert float(training_loss(student, labels, config, None)) == pytest.approx(hard, rel=1e-5)
    soft = float(distillation_loss(student, teacher, 2.0))
    assert float(training_loss(student, labels, config, teacher)) == pytest.approx(0.7 * hard + 0.3 * soft, rel=1e-5)


def test_labels_may_be_probabilities() -> None:
    student, labels = logits(4), torch.tensor([0, 1, 2, 3, 1])
    one_hot = torch.nn.functional.one_hot(labels, 4).float()
    config = TrainConfig(epochs=1, label_smoothing=0.1)
    losses = [float(training_loss(student, target, config, None)) for target in (labels, one_hot)]
    assert losses[0] == pytest.approx(losses[1], rel=1e-6)
