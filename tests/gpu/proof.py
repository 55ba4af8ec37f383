"""What a GPU does with the networks of the zoo: images a second, memory, and how far its answers are from a CPU's."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from benchmark.inference import predict
from benchmark.logits import Logits
from zoo.architectures import ARCHITECTURES
from zoo.checkpoint.config import Preprocessing
from zoo.models import build
from zoo.prunable import prunable_parameters

NETWORKS = ("resnet50", "mobilenetv1", "vit_base_patch16_224")
PRECISIONS = ("fp32", "bf16")
IMAGES = 512
BATCH = 64
SPARSITY = 0.9


@dataclass(frozen=True)
class Proof:
    """One network in one precision. ``largest_difference`` is of logits, against fp32 on the CPU, over their spread
    (standard deviation); ``flipped`` images have another most likely class."""

    network: str
    precision: str
    images: int
    cpu_images_per_second: float
    gpu_images_per_second: float
    gpu_peak_bytes: int
    largest_difference: float
    flipped: int


class NotOnTheGpuError(RuntimeError):
    """The network was computed elsewhere: there is nothing to prove."""


def prove(network: str, precision: str, images: int = IMAGES) -> Proof:
    """Predict the same seeded noise on the CPU and on the GPU, by the code that every evaluation runs."""
    entry = ARCHITECTURES[network]
    model = _pruned(network)
    _, height, width = entry.preprocessing.input_size
    noise = np.random.default_rng(0).integers(0, 256, (images, height, width, 3), dtype=np.uint8)
    expected, cpu_seconds = _timed(model, noise, entry.preprocessing, "cpu", "fp32")
    _timed(model, noise[:BATCH], entry.preprocessing, "cuda", precision)  # kernels are chosen and loaded
    torch.cuda.reset_peak_memory_stats()
    found, gpu_seconds = _timed(model, noise, entry.preprocessing, "cuda", precision)
    peak = torch.cuda.max_memory_allocated()
    if not peak:
        raise NotOnTheGpuError(f"{network} was not computed on the GPU.")
    difference = np.abs(found.values - expected.values).max() / expected.values.std()
    flipped = int((found.values.argmax(axis=1) != expected.values.argmax(axis=1)).sum())
    return Proof(
        network, precision, images, images / cpu_seconds, images / gpu_seconds, peak, float(difference), flipped
    )


def page(machine: str, proofs: Sequence[Proof]) -> str:
    """``docs/gpu.md``."""
    lines = [
        "# On a GPU",
        "",
        "Written by `make gpu-proof`; not by hand. The code of every evaluation (`benchmark.inference.predict`) on",
        f"random networks pruned to {SPARSITY:.0%}, in batches of {BATCH}, from decoded images to logits. The",
        "difference is the largest of any logit against fp32 on the CPU of the same machine, over the logits' standard",
        "deviation; flipped images have another most likely class. The CPU's column is one thread, as jobs run.",
        "",
        f"Measured on {machine}.",
        "",
        "| Network | Precision | Images/s, GPU | Images/s, CPU | Peak GPU memory | Largest difference | Flipped |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for proof in proofs:
        lines.append(
            f"| {proof.network} | {proof.precision} | {proof.gpu_images_per_second:,.0f} | "
            f"{proof.cpu_images_per_second:,.1f} | {proof.gpu_peak_bytes / 2**30:.2f} GiB | "
            f"{proof.largest_difference:.2g} | {proof.flipped} of {proof.images:,} |"
        )
    return "\n".join(lines) + "\n"


def machine() -> str:
    """GPU, driver's CUDA and torch, in words."""
    return f"{torch.cuda.get_device_name()}, CUDA {torch.version.cuda}, torch {torch.__version__}"


def _pruned(network: str) -> torch.nn.Module:
    model = build(network, 1000, seed=0).eval()
    with torch.no_grad():
        for weight in prunable_parameters(model).values():
            flat = weight.abs().flatten()
            weight.masked_fill_(weight.abs() <= flat.kthvalue(max(1, int(SPARSITY * flat.numel()))).values, 0.0)
    return model


def _timed(
    model: torch.nn.Module, images: np.ndarray, preprocessing: Preprocessing, device: str, precision: str
) -> tuple[Logits, float]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with _numerics(device, precision):
            start = time.perf_counter()
            logits = predict(model, images, preprocessing, BATCH)
            return logits, time.perf_counter() - start  # the logits are on the CPU: the GPU has finished
    finally:
        torch.set_num_threads(threads)


@contextmanager
def _numerics(device: str, precision: str) -> Iterator[None]:
    wanted = {"PRUNARIUM_DEVICE": device, "PRUNARIUM_PRECISION": precision}
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
