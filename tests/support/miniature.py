"""Miniature data in the layouts of the real ones: folders, WebDataset shards, Parquet files of a Hub repository.

Images are made from (class, number) alone, so the same sample has the same bytes in every layout. Sizes differ between
images, as they do in photographs.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hub_fixture import RunningHub
from PIL import Image


@dataclass(frozen=True)
class Sample:
    """One labelled image: ``data`` are the bytes of a JPEG (or what ``extension`` says)."""

    name: str
    label: int
    data: bytes
    extension: str = "jpg"


def picture(label: int, number: int, extension: str = "jpg") -> bytes:
    """A small picture of its class: a hue for each class under noise, 20 to 40 pixels a side."""
    rng = np.random.default_rng((label, number))
    height, width = rng.integers(20, 41, 2)
    hue = np.random.default_rng(label).integers(40, 216, 3)
    pixels = np.clip(hue + rng.normal(0, 25, (height, width, 3)), 0, 255).astype(np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, {"jpg": "JPEG", "png": "PNG", "webp": "WEBP"}[extension])
    return buffer.getvalue()


def samples(counts: Sequence[int], start: int = 0, extension: str = "jpg") -> list[Sample]:
    """``counts[i]`` images of class i, numbered from ``start``: other numbers are other images."""
    return [
        Sample(f"{label:04d}_{number:04d}", label, picture(label, number, extension), extension)
        for label, count in enumerate(counts)
        for number in range(start, start + count)
    ]


def write_folders(root: Path, found: Sequence[Sample], class_names: Sequence[str]) -> None:
    """``root/CLASS/NAME.jpg``: torchvision's ``ImageFolder``."""
    for sample in found:
        path = root / class_names[sample.label] / f"{sample.name}.{sample.extension}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(sample.data)


def write_shards(root: Path, prefix: str, found: Sequence[Sample], per_shard: int) -> None:
    """``root/PREFIX-0000.tar`` ...: ``KEY.jpg`` and ``KEY.cls``, written by the webdataset library itself."""
    import webdataset

    root.mkdir(parents=True, exist_ok=True)
    for shard, start in enumerate(range(0, len(found), per_shard)):
        with webdataset.TarWriter(str(root / f"{prefix}-{shard:04d}.tar"), encoder=False) as tar:
            for sample in found[start : start + per_shard]:
                tar.write(
                    {"__key__": sample.name, sample.extension: sample.data, "cls": str(sample.label).encode()},
                )


def table(
    found: Sequence[Sample],
    image: str,
    labels: Mapping[str, Any],
    value: Callable[[Sample], Any] = attrgetter("label"),
) -> Any:
    """A ``datasets.Dataset`` with an ``Image`` column and one column for each entry of ``labels`` (its feature).

    ``value`` gives what stands in those columns.
    """
    import datasets

    columns: dict[str, list[Any]] = {
        image: [{"bytes": sample.data, "path": f"{sample.name}.{sample.extension}"} for sample in found],
        **{column: [value(sample) for sample in found] for column in labels},
    }
    return datasets.Dataset.from_dict(columns, datasets.Features({image: datasets.Image(), **labels}))


CONVERTED = "refs/convert/parquet"
"""Where the Hub keeps the Parquet copy that it makes of other data sets."""


def publish_converted(hub: RunningHub, name: str, tables: Mapping[str, Any]) -> str:
    """Lay tables out as the Hub's own Parquet copies: ``default/SPLIT/0000.parquet`` at a reference, and no card.

    Returns ``OWNER/NAME@refs/convert/parquet``.
    """
    from huggingface_hub import CommitOperationAdd, HfApi

    api = HfApi(hub.endpoint, token=hub.token)
    repo = f"{hub.namespace}/{name}"
    api.create_repo(repo, repo_type="dataset")
    api.create_branch(repo, branch=CONVERTED, repo_type="dataset")
    operations = []
    for split, rows in tables.items():
        buffer = io.BytesIO()
        rows.to_parquet(buffer)
        operations.append(CommitOperationAdd(f"default/{split}/0000.parquet", buffer.getvalue()))
    api.create_commit(repo, operations, commit_message="Copy", repo_type="dataset", revision=CONVERTED)
    return f"{repo}@{CONVERTED}"


def publish_tables(hub: RunningHub, name: str, tables: Mapping[str, Any], config: str = "default") -> str:
    """Make a data set repository with ``data/SPLIT-00000-of-00001.parquet`` and a card, as ``push_to_hub`` lays it.

    Returns ``OWNER/NAME@COMMIT``.
    """
    from huggingface_hub import CommitOperationAdd, HfApi

    api = HfApi(hub.endpoint, token=hub.token)
    repo = f"{hub.namespace}/{name}"
    api.create_repo(repo, repo_type="dataset", exist_ok=True)
    card = ["---", "configs:", f"- config_name: {config}", "  data_files:"]
    operations = []
    for split, rows in tables.items():
        buffer = io.BytesIO()
        rows.to_parquet(buffer)
        path = f"data/{split}-00000-of-00001.parquet"
        operations.append(CommitOperationAdd(path, buffer.getvalue()))
        card += [f"  - split: {split}", f"    path: data/{split}-*"]
    operations.append(CommitOperationAdd("README.md", "\n".join([*card, "---", f"# {name}", ""]).encode()))
    commit = api.create_commit(repo, operations, commit_message="Data", repo_type="dataset")
    return f"{repo}@{commit.oid}"


def point_datasets_at(hub: RunningHub, monkeypatch: pytest.MonkeyPatch) -> None:
    """What ``HF_ENDPOINT`` does when a process starts, in the process of the tests."""
    import datasets
    import huggingface_hub.constants

    monkeypatch.setattr(datasets.config, "HF_ENDPOINT", hub.endpoint)
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", hub.endpoint)
    template = f"{hub.endpoint}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
    monkeypatch.setattr(huggingface_hub.constants, "HUGGINGFACE_CO_URL_TEMPLATE", template)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_DISABLE_XET", True)
