"""What torchvision and timm say of the weights that they publish: preprocessing, licence, accuracy.

torchvision's files carry the first eight digits of their SHA-256 in their names, so they are known by their bytes.
timm's are told by their address or by ``--weights``. Nothing is fetched: both libraries ship these facts.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from ..checkpoint.config import INTERPOLATIONS, ForeignSource, Preprocessing
from ..core.errors import UsageError

_HASHED = re.compile(r"-([0-9a-f]{8})\.pth\Z")
_HOSTED = re.compile(r"https://huggingface\.co/timm/([^/]+)/")
_SPDX = {
    "apache-2.0": "Apache-2.0",
    "mit": "MIT",
    "bsd-3-clause": "BSD-3-Clause",
    "cc-by-nc-4.0": "CC-BY-NC-4.0",
}


@dataclass(frozen=True)
class Pretrained:
    """Published weights: ``name`` in their library, timm's name of the network, and what they need and earn.

    ``top1`` is a fraction of ImageNet's validation images, as the library states it; None where it does not.
    """

    name: str
    library: str
    timm_name: str
    preprocessing: Preprocessing
    licence: str | None
    top1: float | None = None

    @property
    def variant(self) -> str:
        """The last part of a slug."""
        return re.sub(r"[^a-z0-9.]+", "-", f"{self.library}-{self.name.partition('.')[2]}".lower()).strip("-.")


def pretrained(origin: ForeignSource, named: str | None) -> Pretrained | None:
    """The facts of a file: as ``named`` (``resnet50.a1_in1k``, ``ResNet50_Weights.IMAGENET1K_V2``), else as its hash or
    address tells; None where nothing does. An accuracy is given only where the hash proves whose it is.

    Raises :class:`UsageError` for a name that neither library has.
    """
    if named is not None:
        return _named(named)
    hosted = _HOSTED.match(origin.url or "")
    if hosted is not None:
        return _timm(hosted[1])
    if origin.file_name.endswith(".pth"):  # asking torchvision takes a second
        return next((made for digits, made in _torchvision() if digits and origin.sha256.startswith(digits)), None)
    return None


def _named(name: str) -> Pretrained:
    found = _timm(name) or next((replace(made, top1=None) for _, made in _torchvision() if made.name == name), None)
    if found is None:
        raise UsageError(
            f"Neither timm nor torchvision has weights called {name!r}.",
            "For example resnet50.a1_in1k (timm) or ResNet50_Weights.IMAGENET1K_V2 (torchvision).",
        )
    return found


def _timm(name: str) -> Pretrained | None:
    import timm

    try:
        told = timm.get_pretrained_cfg(name) if "." in name else None
    except RuntimeError:  # a network of timm's with a tag that it has not
        told = None
    if told is None or told.interpolation not in INTERPOLATIONS:
        return None
    channels, height, width = told.input_size
    preprocessing = Preprocessing(
        (channels, height, width), tuple(told.mean), tuple(told.std), told.interpolation, told.crop_pct
    )
    return Pretrained(name, "timm", name.partition(".")[0], preprocessing, _SPDX.get(str(told.license).lower()))


def _torchvision() -> Iterator[tuple[str | None, Pretrained]]:
    """First digits of the SHA-256 of the file, and the facts, of every classifier that the zoo has too."""
    from torchvision import models

    for name in models.list_models(module=models):  # without segmentation, detection and video
        timm_name = name if _SAME.fullmatch(name) else _TIMM_NAMES.get(name)
        for weights in models.get_model_weights(name) if timm_name else ():
            digits = _HASHED.search(weights.url)
            yield digits and digits[1], _facts(weights, str(timm_name))


def _facts(weights: Any, timm_name: str) -> Pretrained:
    told = weights.transforms()
    size, resized = told.crop_size[0], told.resize_size[0]
    return Pretrained(
        name=str(weights),
        library="torchvision",
        timm_name=timm_name,
        preprocessing=Preprocessing(
            (3, size, size), tuple(told.mean), tuple(told.std), told.interpolation.value, size / resized
        ),
        licence=None if "license" in weights.meta else "BSD-3-Clause",  # some have one of their own
        top1=round(weights.meta["_metrics"]["ImageNet-1K"]["acc@1"] / 100, 5),
    )


_SAME = re.compile(r"resnet\d+|wide_resnet\d+_2|efficientnet_b[0-4]|convnext_(tiny|small|base|large)")
_TIMM_NAMES = {
    "mobilenet_v2": "mobilenetv2_100",
    "mobilenet_v3_large": "mobilenetv3_large_100",
    "mobilenet_v3_small": "mobilenetv3_small_100",
    "vit_b_16": "vit_base_patch16_224",
    "vit_b_32": "vit_base_patch32_224",
    "vit_l_16": "vit_large_patch16_224",
}
