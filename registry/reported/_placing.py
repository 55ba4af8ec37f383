"""Which model a name in the robustness tables means: one reader of names per source, and never a guess.

A name that a source gives to a network of another source is another model here: whether ``resnet50`` of the ImageNet
testbed and ``resnet50.tv_in1k`` of timm are the same file is nowhere said.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from zoo.checkpoint.slug import is_slug

from ..errors import InvalidRecordError
from ..records import ModelRecord

_HUB = "https://huggingface.co/timm"
_NUMBERS = "its numbers are from github.com/"
_SUBSET = "5000-image subset"
_TIMM_NOTE = re.compile(r"img=(\d+) crop_pct=([\d.]+) interp=(\w+)\Z")
_LATEX = {r"\(": "", r"\)": "", r"\ell_2 ": "ℓ2", r"\ell_{\infty} ": "ℓ∞", r"\varepsilon": "ε"}
_SCOPES = {"globally": "pruned globally", "layerwise": "pruned layer by layer"}


class Named(NamedTuple):
    """What a row says of its model: the name in its source, the sparsity, ImageNet or CIFAR, the note."""

    model: str
    sparsity: float
    family: str
    note: str


class Placing:
    """Turns names into models; ``facts`` are ``robustness.toml``, ``titles`` those of architectures and methods."""

    def __init__(self, facts: Mapping[str, Any], titles: Mapping[str, str]) -> None:
        self._facts = facts
        self._titles = titles

    def model(self, source: str, named: Named) -> ModelRecord:
        """The model, ready to be written. Raises :class:`InvalidRecordError` for a name that the reader cannot read."""
        told = self._facts["sources"].get(source)
        if told is None:
            raise InvalidRecordError(f"Nothing is known of the source {source!r}.")
        readers: Mapping[str, Callable[[Named], ModelRecord]] = {
            "timm": self._timm,
            "testbed": self._testbed,
            "robustbench": self._robustbench,
            "hendrycks": self._hendrycks,
            "robustnets": self._robustnets,
        }
        try:
            made = readers[told["version"]](named)
        except (KeyError, ValueError) as error:
            raise InvalidRecordError(f"{source}: the name {named.model!r} cannot be placed ({error!r}).") from error
        if made.slug is None or not is_slug(made.slug):
            raise InvalidRecordError(f"{source}: the name {named.model!r} gives {made.slug!r}, which is no slug.")
        return replace(made, owner=told["owner"])

    def _timm(self, named: Named) -> ModelRecord:
        architecture, _, tag = named.model.partition(".")
        url = f"{_HUB}/{named.model}/resolve/main/model.safetensors"
        licences, trainer = self._facts["timm"]["licences"], re.split("_(?=in|ig|yfcc|ft)", tag)[0]
        licence = licences.get(named.model) or licences.get(trainer, licences["any"])
        command = self._timm_command(named, url, licence)
        hosted = "timm hosts it on the Hugging Face Hub"
        return self._dense(
            architecture,
            _slugged(tag),
            f"{self._titles[architecture]}, timm's weights {tag}",
            upstream_data="ImageNet-1k" if tag.endswith("_in1k") and "_ft_" not in tag else None,
            availability="import",
            availability_detail=hosted if command else f"{hosted}; the zoo does not have this architecture yet",
            source_url=url,
            source_licence=licence,
            recipe=command,
        )

    def _timm_command(self, named: Named, url: str, licence: str) -> str | None:
        """The import with the preprocessing of the note; None for a network that the zoo does not have."""
        architecture, _, tag = named.model.partition(".")
        found, said = _TIMM_NOTE.match(named.note), self._facts["timm"]
        if architecture not in said["importable"] or found is None:
            return None
        size, crop, interpolation = found.groups()
        colours = said["colours"].get(named.model, "")
        return (
            f"prunarium import {url} --architecture {architecture} --slug dense/{architecture}/0.00-{_slugged(tag)} "
            f"--licence {licence} --image-size {size} --crop-fraction {float(crop)} --interpolation {interpolation}"
            f"{colours and ' '}{colours}"
        )

    def _testbed(self, named: Named) -> ModelRecord:
        architecture = self._facts["testbed"]["architectures"].get(named.model, named.model)
        return self._dense(
            architecture,
            f"testbed-{_slugged(named.model)}",
            f"{self._titles[architecture]}, {named.model} of the ImageNet testbed",
            availability="unknown",
            availability_detail=f"the ImageNet testbed names it; {_NUMBERS}modestyachts/imagenet-testbed",
        )

    def _robustbench(self, named: Named) -> ModelRecord:
        network, *remarks = named.note.split("; ")
        said = " ".join(_plain(remark) for remark in remarks if remark.strip("; ") not in ("", _SUBSET))
        known = self._facts["robustbench"]["architectures"][network.removeprefix("arch=")]
        architecture = known[named.family != "ImageNet"]
        place = f"{_slugged(named.family)}-{_slugged(named.model)}"
        told: dict[str, Any] = {
            "upstream_data": "ImageNet-1k" if named.family == "ImageNet" else named.family,
            "availability": "import",
            "availability_detail": f"RobustBench loads it by its name {named.model}; the zoo has no importer for it",
            "source_url": "https://github.com/RobustBench/robustbench",
            "caveat": f"RobustBench says: {said}" if said else None,
        }
        title = f"{named.model} of RobustBench, {self._titles[architecture]}"
        title += "" if named.family == "ImageNet" else f" ({named.family})"
        if named.sparsity == 0:
            return self._dense(architecture, f"robustbench-{place}", title, **told)
        method = "lrr" if "_LRR" in named.model else "binary-pruned"
        return self._pruned(method, architecture, named.sparsity, f"robustbench-{place}", title, **told)

    def _hendrycks(self, named: Named) -> ModelRecord:
        architecture = self._facts["hendrycks"]["architectures"].get(named.model, "resnet50")
        return self._dense(
            architecture,
            f"imagenet-c-board-{_slugged(named.model)}",
            f"{named.model}, as the board of ImageNet-C lists it",
            availability="unknown",
            availability_detail=f"the board of ImageNet-C names it; {_NUMBERS}hendrycks/robustness",
        )

    def _robustnets(self, named: Named) -> ModelRecord:
        network, augmentation, pruning, scope, sparsity = named.model.split("_")
        if float(sparsity) != named.sparsity:
            raise ValueError(sparsity)
        architecture = f"robustnets-{network.lower()}"
        told: dict[str, Any] = {
            "upstream_data": "CIFAR-10",
            "availability": "import",
            "availability_detail": "released with its repository",
            "source_url": "https://github.com/sarafridov/RobustNets",
            "source_licence": self._facts["sources"]["sarafridov/RobustNets"]["licence"],
        }
        trained = self._facts["robustnets"]["augmentations"][augmentation]
        if named.sparsity == 0:
            title = f"Dense, {self._titles[architecture]}, {trained}"
            return _with_command(self._dense(architecture, augmentation, title, **told))
        method = self._facts["robustnets"]["methods"][pruning]
        title = f"{self._titles[method]}, {self._titles[architecture]}, {trained}, {_SCOPES[scope]}"
        parent = f"dense/{architecture}/0.00-{augmentation}"
        variant = f"{augmentation}-{scope}"
        made = self._pruned(method, architecture, named.sparsity, variant, title, parent=parent, **told)
        return _with_command(made)

    def _dense(self, architecture: str, variant: str, title: str, **told: Any) -> ModelRecord:
        return self._pruned("dense", architecture, 0.0, variant, title, **told)

    def _pruned(
        self, method: str, architecture: str, sparsity: float, variant: str, title: str, **told: Any
    ) -> ModelRecord:
        return ModelRecord(
            slug=f"{method}/{architecture}/{sparsity:.2f}-{variant}",
            title=title,
            owner="",
            method=method,
            architecture=architecture,
            sparsity_target=sparsity,
            **told,
        )


def _plain(remark: str) -> str:
    """A remark without the marks of LaTeX."""
    for mark, text in _LATEX.items():
        remark = remark.replace(mark, text)
    return remark.strip("; ")


def _slugged(text: str) -> str:
    """Lower case letters and digits, hyphens for the rest.

    >>> _slugged("fb_swsl_ig1b_ft_in1k"), _slugged("ANT (3x3) ResNet-50")
    ('fb-swsl-ig1b-ft-in1k', 'ant-3x3-resnet-50')
    """
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _with_command(model: ModelRecord) -> ModelRecord:
    """With the import of the authors' file, whose sparsity the slug states."""
    parent = f" --parent {model.parent}" if model.parent else ""
    command = (
        f"prunarium import FILE --architecture {model.architecture} --slug {model.slug} --data {model.upstream_data} "
        f"--licence {model.source_licence}{parent}"
    )
    return replace(model, recipe=command)
