"""How the benchmark computes: what the environment asks for, bf16 and channels-last on a processor, the same on a
GPU."""

import shutil

import numpy as np
import pytest
import torch
from torch import nn

from benchmark.finetune import FinetuneConfig, TrainingImages, finetune
from benchmark.image_pass import Seer, image_pass
from benchmark.numerics import Numerics
from benchmark.reproducible import reproducible
from zoo.checkpoint.config import Preprocessing
from zoo.core.errors import UsageError
from zoo.models import build

FED = Preprocessing((3, 32, 32), (0.5,) * 3, (0.25,) * 3, "bilinear", 1.0)
IMAGES = np.random.default_rng(0).integers(0, 256, (24, 32, 32, 3), dtype=np.uint8)


def _network() -> nn.Module:
    return build("resnet20-cifar", 4, 0).eval()


def test_a_processor_computes_plainly_unless_it_is_told_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert Numerics.of_environment() == Numerics("cpu", "fp32", channels_last=False, compiled=False)
    monkeypatch.setenv("PRUNARIUM_PRECISION", "bf16")
    monkeypatch.setenv("PRUNARIUM_COMPILE", "1")
    assert Numerics.of_environment() == Numerics("cpu", "bf16", channels_last=True, compiled=True)


def test_a_gpu_is_used_where_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert Numerics.of_environment() == Numerics("cuda", "bf16", channels_last=True)
    monkeypatch.setenv("PRUNARIUM_PRECISION", "fp32")
    assert Numerics.of_environment() == Numerics("cuda", "fp32", channels_last=True)
    monkeypatch.setenv("PRUNARIUM_DEVICE", "cpu")
    assert Numerics.of_environment() == Numerics()


@pytest.mark.parametrize(("name", "value"), [("PRUNARIUM_DEVICE", "tpu"), ("PRUNARIUM_PRECISION", "fp8")])
def test_what_is_not_known_is_refused(name: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(UsageError, match=f"{name} must be one of auto"):
        Numerics.of_environment()


def test_a_gpu_that_is_not_there_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setenv("PRUNARIUM_DEVICE", "cuda")
    with pytest.raises(UsageError, match="no GPU") as caught:
        Numerics.of_environment()
    assert "PRUNARIUM_DEVICE=cpu" in (caught.value.hint or "")


@pytest.mark.parametrize("channels_last", [True, False])
def test_bf16_features_are_those_of_fp32_to_its_precision(channels_last: bool) -> None:
    network, (plain,) = _network(), image_pass([Seer(_network(), FED, "fc")], IMAGES, 8, Numerics())
    before = {name: value.clone() for name, value in network.state_dict().items()}
    (rough,) = image_pass([Seer(network, FED, "fc")], IMAGES, 8, Numerics("cpu", "bf16", channels_last))
    assert rough.dtype == torch.float32
    assert not torch.equal(rough, plain)
    assert float((rough - plain).norm() / plain.norm()) < 0.02
    for name, value in network.state_dict().items():
        assert torch.equal(value, before[name])
        assert value.is_contiguous(), "a network is left in the layout that it came in"


def test_channels_last_changes_rounding_only() -> None:
    (plain,) = image_pass([Seer(_network(), FED)], IMAGES, 8, Numerics())
    (other,) = image_pass([Seer(_network(), FED)], IMAGES, 8, Numerics("cpu", "fp32", channels_last=True))
    torch.testing.assert_close(other, plain, atol=1e-4, rtol=1e-4)


def _trained(monkeypatch: pytest.MonkeyPatch, **environment: str) -> tuple[nn.Module, list[float]]:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    network = _network()
    with torch.no_grad():
        for weight in network.parameters():
            if weight.dim() > 1:
                weight.view(-1)[::2] = 0.0
    labels = torch.arange(len(IMAGES)) % 4
    with reproducible(0):
        curve = finetune(network, TrainingImages.of(IMAGES, FED), labels, FinetuneConfig(2, 8, 0.9, 5e-4), 0.05, 0)
    return network, curve


@pytest.mark.slow
def test_bf16_trains_fp32_weights_and_keeps_their_zeros(monkeypatch: pytest.MonkeyPatch) -> None:
    _, plain = _trained(monkeypatch)
    network, rough = _trained(monkeypatch, PRUNARIUM_PRECISION="bf16", PRUNARIUM_DEVICE="cpu")
    assert rough != plain
    assert rough == pytest.approx(plain, rel=0.1)
    for weight in network.parameters():
        assert weight.dtype == torch.float32
        if weight.dim() > 1:
            assert (weight.detach().view(-1)[::2] == 0).all()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="needs a C++ compiler: apt-get install g++")
def test_a_processor_compiles_and_answers_the_same_to_rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRUNARIUM_DEVICE", "cpu")
    (plain,) = image_pass([Seer(_network(), FED, "fc")], IMAGES, 8, Numerics())
    monkeypatch.setenv("PRUNARIUM_COMPILE", "1")
    (compiled,) = image_pass([Seer(_network(), FED, "fc")], IMAGES, 8, Numerics.of_environment())
    assert torch._dynamo.utils.counters["stats"]["unique_graphs"] > 0, "nothing was compiled"
    torch.testing.assert_close(compiled, plain, atol=1e-4, rtol=1e-4)


@pytest.mark.gpu
@pytest.mark.parametrize("precision", ["fp32", "bf16"])
def test_a_gpu_gives_the_same_features_and_training_twice(precision: str, monkeypatch: pytest.MonkeyPatch) -> None:
    numerics = Numerics("cuda", precision, channels_last=True)
    with reproducible(0):
        first, second = (image_pass([Seer(_network(), FED, "fc")], IMAGES, 8, numerics)[0] for _ in range(2))
    assert torch.equal(first, second)
    (plain,) = image_pass([Seer(_network(), FED, "fc")], IMAGES, 8, Numerics())
    assert float((first - plain).norm() / plain.norm()) < (0.02 if precision == "bf16" else 1e-4)
    runs = [_trained(monkeypatch, PRUNARIUM_DEVICE="cuda", PRUNARIUM_PRECISION=precision) for _ in range(2)]
    assert runs[0][1] == runs[1][1]
    for one, other in zip(runs[0][0].parameters(), runs[1][0].parameters(), strict=True):
        assert torch.equal(one, other)
        assert one.device.type == "cpu", "a network comes back from the device"


@pytest.mark.gpu
def test_a_compiled_network_gives_the_same_features_to_rounding() -> None:
    with reproducible(0):
        found = [
            image_pass([Seer(_network(), FED, "fc")], IMAGES, 8, Numerics("cuda", "fp32", True, compiled))[0]
            for compiled in (False, True)
        ]
    torch.testing.assert_close(found[1], found[0], atol=1e-4, rtol=1e-4)


@pytest.mark.gpu
def test_a_gpu_that_is_full_halves_the_batch() -> None:
    class Greedy(nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            torch.empty(2**50 if len(x) > 8 else 1, dtype=torch.uint8, device=x.device)
            return x.flatten(1)

    (found,) = image_pass([Seer(Greedy(), FED)], IMAGES, 24, Numerics("cuda"))
    assert len(found) == len(IMAGES)
