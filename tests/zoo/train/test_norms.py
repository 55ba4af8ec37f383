"""Batch-norm statistics measured anew, beside numpy."""

import numpy as np
import torch
from torch import nn

from zoo.train.norms import recalibrate


def network() -> nn.Sequential:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3, momentum=0.2), nn.Dropout(0.5), nn.Flatten())
    norm = net[1]
    assert isinstance(norm, nn.BatchNorm2d)
    assert norm.running_mean is not None
    norm.running_mean.fill_(9.0)
    return net


def test_statistics_are_the_plain_averages_over_the_batches() -> None:
    net = network().train()
    generator = torch.Generator().manual_seed(1)
    batches = [torch.randn(4, 1, 6, 6, generator=generator) for _ in range(3)]
    before = torch.get_rng_state()
    recalibrate(net, batches)
    assert torch.equal(before, torch.get_rng_state()), "dropout was at work"
    norm = net[1]
    assert isinstance(norm, nn.BatchNorm2d)
    with torch.no_grad():
        seen = [net[0](batch).double().numpy() for batch in batches]
    means = np.mean([values.mean(axis=(0, 2, 3)) for values in seen], axis=0)
    variances = np.mean([values.var(axis=(0, 2, 3), ddof=1) for values in seen], axis=0)
    assert norm.running_mean is not None
    assert norm.running_var is not None
    np.testing.assert_allclose(norm.running_mean.numpy(), means, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(norm.running_var.numpy(), variances, rtol=1e-4)
    assert norm.momentum == 0.2
    assert all(module.training for module in net.modules())


def test_without_batches_nothing_changes() -> None:
    net = network().eval()
    before = {name: tensor.clone() for name, tensor in net.state_dict().items()}
    recalibrate(net, [])
    assert all(torch.equal(before[name], tensor) for name, tensor in net.state_dict().items())
    assert not any(module.training for module in net.modules())
