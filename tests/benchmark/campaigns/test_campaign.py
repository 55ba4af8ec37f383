"""The files of campaigns: strictly read, and of one mind with the catalogue of published numbers."""

import csv
import json
from importlib.resources import files

import pytest

from benchmark.campaigns import CampaignFileError, campaign_names, find_campaign, parse_campaign
from benchmark.campaigns.table import verdict_of
from benchmark.protocols import PROTOCOLS
from benchmark.suites import find_suite
from benchmark.tasks import find_task
from prunarium.cli import run
from zoo.architectures import ARCHITECTURES
from zoo.checkpoint.slug import parse_slug
from zoo.core.errors import UsageError
from zoo.importers import IMPORTERS
from zoo.methods import METHODS

GOOD = """
title = "t"
source = "s"
suite = "quick"
upstream = "imagenet@1"
protocol = "as-published@1"
tolerance_points = 0.3
data = "ImageNet-1k"
[[checkpoints]]
slug = "dense/resnet50/0.00"
address = "https://example.org/a.pth"
licence = "MIT"
no_claim = "none"
"""


@pytest.mark.parametrize("name", campaign_names())
def test_every_name_in_a_campaign_is_known(name: str) -> None:
    campaign = find_campaign(name)
    cells = {(cell.task, cell.protocol) for cell in find_suite(campaign.suite).cells}
    assert (campaign.upstream, campaign.protocol) in cells
    assert find_task(campaign.upstream).id == campaign.upstream
    assert campaign.protocol in PROTOCOLS
    for entry in campaign.entries:
        assert entry.left_out or entry.network in ARCHITECTURES
        assert entry.layout is None or entry.layout in IMPORTERS
        assert entry.address is None or entry.address.startswith("https://")
        assert entry.claimed_top1 is None or (0 < entry.claimed_top1 < 1 and entry.claim_source)
        if entry.make is not None:
            slug = parse_slug(entry.slug)
            assert entry.make.method in METHODS
            assert (slug.method, slug.sparsity) == (entry.make.method, f"{entry.make.sparsity:.2f}")


def test_the_transfer_study_agrees_with_the_published_rows() -> None:
    """Addresses, licences, claims and what may not be passed on: one truth in two files."""
    text = files("registry.reported").joinpath("models.csv").read_text(encoding="utf-8")
    published = {row["slug"]: row for row in csv.DictReader(text.splitlines())}
    entries = [entry for entry in find_campaign("sparse-transfer-2022").entries if not entry.slug.startswith("dense/")]
    for entry in entries:
        row = published[entry.slug.replace("resnet50-tf", "resnet50")]
        if entry.left_out is not None:
            assert row["availability"] == "not_redistributable"
            assert row["availability_detail"] in entry.left_out
            continue
        assert (entry.address, entry.licence) == (row["source_url"], row["source_licence"] or row["licence"])
        assert entry.parent == row["parent"]
        assert entry.claimed_top1 == (float(row["upstream_top1"]) if row["upstream_top1"] else None)
        assert f"--architecture {entry.network} " in row["recipe"]
    transferred = {
        row["slug"] for row in published.values() if "converted for the transfer" in row["availability_detail"]
    }
    assert transferred <= {entry.slug.replace("resnet50-tf", "resnet50") for entry in entries}


def test_the_families_of_the_project_are_all_made() -> None:
    entries = find_campaign("families-resnet50").entries
    families = {METHODS[entry.make.method].facts.family for entry in entries if entry.make is not None}
    assert len(families) == 4


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('licence = "MIT"', "", "a checkpoint that is published has a licence"),
        ('no_claim = "none"', "", "either claimed_top1, or no_claim"),
        ('address = "https://example.org/a.pth"', "", "exactly one of address, make and left_out"),
        ('licence = "MIT"', 'licence = "MIT"\ncolour = "red"', "unknown fields .'colour'."),
        ('suite = "quick"', "", "missing fields .'suite'."),
        ('title = "t"', "title = ", "is no TOML"),
        ('slug = "dense/resnet50/0.00"', 'slug = "resnet"', "is no slug"),
    ],
)
def test_a_file_with_a_mistake_is_refused(old: str, new: str, message: str) -> None:
    assert parse_campaign("good", GOOD).entries[0].licence == "MIT"
    with pytest.raises((CampaignFileError, UsageError), match=message):
        parse_campaign("bad", GOOD.replace(old, new))


def test_a_verdict_counts_interval_and_tolerance() -> None:
    assert verdict_of(None, 0.7, 0.69, 0.71, 0.3) == "no claim"
    assert verdict_of(0.7131, 0.70, 0.69, 0.71, 0.3) == "outside"
    assert verdict_of(0.7129, 0.70, 0.69, 0.71, 0.3) == "within"
    assert verdict_of(0.6869, 0.70, 0.69, 0.71, 0.3) == "outside"
    assert verdict_of(0.6871, 0.70, 0.69, 0.71, 0.3) == "within"
    assert verdict_of(0.7, 0.7, None, None, 0.0) == "within"


def test_a_dry_run_fetches_nothing_and_makes_up_no_number(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["db", "upgrade"]) == 0
    capsys.readouterr()
    assert run(["benchmark", "campaign", "run", "sparse-transfer-2022", "--dry-run", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["known_mib"], told["unknown_sizes"]) == (97.781, 22)
    assert {one["size_mib"] for one in told["downloads"] if one["state"] == "by hand"} == {None}
    assert told["estimates"] == []
    assert run(["benchmark", "campaign", "run", "families-resnet50", "--dry-run"]) == 0
    said = capsys.readouterr().err
    assert "hours unknown, no throughput was measured here" in said
    assert "12,811,670 images" in said  # ten times the training images of ImageNet
    assert run(["benchmark", "campaign", "run", "familie"]) == 2
    assert "Did you mean 'families-resnet50'?" in capsys.readouterr().err
