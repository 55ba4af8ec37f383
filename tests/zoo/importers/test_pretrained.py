"""Weights that are known by their bytes, address or name bring their preprocessing, licence and accuracy along."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
import torchvision

from zoo.architectures import ARCHITECTURES
from zoo.checkpoint.config import ForeignSource
from zoo.core.errors import UsageError
from zoo.importers._making import ImportRequest, import_checkpoint
from zoo.importers._pretrained import _torchvision, pretrained
from zoo.models import build

# The SHA-256 of torchvision's resnet50-11ad3fa6.pth begins so; the rest does not matter.
V2 = ForeignSource(file_name="any.pth", sha256="11ad3fa6" + "0" * 56, size_bytes=1, importers=("plain",))
UNKNOWN = replace(V2, sha256="0" * 64)


def test_torchvisions_files_are_known_by_their_hash() -> None:
    facts = pretrained(V2, None)
    assert facts is not None
    assert (facts.name, facts.timm_name) == ("ResNet50_Weights.IMAGENET1K_V2", "resnet50")
    assert (facts.licence, facts.top1, facts.variant) == ("BSD-3-Clause", 0.80858, "torchvision-imagenet1k-v2")
    assert facts.preprocessing.interpolation == "bilinear"
    assert pretrained(UNKNOWN, None) is None


def test_the_resized_side_survives_being_written_as_a_fraction() -> None:
    """As ``zoo.data`` computes it from the fraction, for each of torchvision's weights that the zoo can hold."""
    weights = {name: value for name in torchvision.models.list_models(module=torchvision.models)
               for value in torchvision.models.get_model_weights(name) for name in [str(value)]}  # fmt: skip
    found = [facts for _, facts in _torchvision()]
    assert len(found) == 34
    for facts in found:
        told = weights[facts.name].transforms()
        assert int(facts.preprocessing.input_size[1] / facts.preprocessing.crop_fraction) == told.resize_size[0]
        assert facts.timm_name in ARCHITECTURES
        assert (facts.licence is None) == ("SWAG" in facts.name)


def test_timms_are_known_by_their_address() -> None:
    facts = pretrained(replace(UNKNOWN, url="https://huggingface.co/timm/resnet50.a1_in1k/resolve/main/x"), None)
    assert facts is not None
    assert (facts.preprocessing.interpolation, facts.preprocessing.crop_fraction) == ("bicubic", 0.95)
    assert (facts.licence, facts.top1, facts.variant) == ("Apache-2.0", None, "timm-a1-in1k")


def test_a_name_is_believed_but_for_the_accuracy() -> None:
    facts = pretrained(UNKNOWN, "ResNet50_Weights.IMAGENET1K_V1")
    assert facts is not None
    assert (facts.preprocessing.crop_fraction, facts.top1) == (0.875, None)
    with pytest.raises(UsageError, match=r"called 'resnet50\.zz_in1k'"):
        pretrained(UNKNOWN, "resnet50.zz_in1k")


def test_an_import_takes_them_where_nothing_else_is_said(tmp_path: Path) -> None:
    torch.save(build("resnet18", 1000, seed=0).state_dict(), tmp_path / "net.pth")
    request = ImportRequest(
        str(tmp_path / "net.pth"), "resnet18", tmp_path, weights="resnet18.a1_in1k", crop_fraction=1.0
    )
    done = import_checkpoint(request)
    assert done.folder.provenance.slug == "dense/resnet18/0.00-timm-a1-in1k"
    assert done.folder.provenance.licence == "Apache-2.0"
    preprocessing = done.folder.config.preprocessing
    assert (preprocessing.interpolation, preprocessing.crop_fraction) == ("bicubic", 1.0)
    with pytest.raises(UsageError, match="weights of resnet50, but --architecture is resnet18"):
        import_checkpoint(replace(request, weights="resnet50.a1_in1k"))
