"""A network with its channels cut out goes the whole way: made, loaded, checked, published, pulled, told truly."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from publishing import Publisher
from small_models import dense as dense_request
from small_models import pruned as pruned_request

from registry.check import check
from registry.pull import pull
from zoo.baseline import controls_for
from zoo.checkpoint.config import Provenance
from zoo.checkpoint.folder import CARD, PROVENANCE, read_folder
from zoo.checkpoint.passport import measure
from zoo.checkpoint.posterior_file import read_posterior
from zoo.checkpoint.safetensors_file import read_tensors
from zoo.checkpoint.strict import read_json
from zoo.core.canonical import canonical_json
from zoo.core.errors import UsageError
from zoo.make import make_model
from zoo.models import load_model
from zoo.patterns import Channel, NByM
from zoo.request import Request


@pytest.fixture
def parent(tmp_path: Path) -> Path:
    return make_model(dense_request(tmp_path)).path


@pytest.fixture
def masked(tmp_path: Path, parent: Path) -> Request:
    return replace(pruned_request(tmp_path, parent, target=0.5), pattern=Channel())


def test_both_ways_of_writing_compute_the_same_and_bear_out_what_they_claim(masked: Request, tmp_path: Path) -> None:
    whole, cut = read_folder(make_model(masked).path), read_folder(make_model(replace(masked, shrink=True)).path)
    assert (whole.provenance.slug, cut.provenance.slug) == (
        "gmp/resnet8-digits/0.50-channel-s0",
        "gmp/resnet8-digits/0.50-channel-shrunk-s0",
    )
    images = torch.randn(4, 1, 8, 8)
    with torch.no_grad():
        before, after = load_model(whole.path)(images), load_model(cut.path)(images)
    torch.testing.assert_close(after, before, rtol=1e-4, atol=1e-5)
    assert [check(folder.path).reasons for folder in (whole, cut)] == [(), ()]
    passports = [measure(folder.weights, folder.config) for folder in (whole, cut)]
    assert passports[0].pattern == "channel"
    assert passports[0].dead_channels
    assert (passports[1].sparsity(), passports[1].dead_channels) == (0.0, 0)
    assert passports[1].prunable_elements == passports[0].prunable_nonzeros
    assert passports[1].flops_sparse == passports[1].flops_dense == passports[0].flops_sparse
    assert cut.provenance.sparsity_target == whole.provenance.sparsity_target == passports[0].sparsity()


def test_deviations_are_cut_like_the_weights_that_they_belong_to(masked: Request) -> None:
    learned = replace(masked, method="swag-diagonal")
    folders = [read_folder(make_model(request).path) for request in (learned, replace(learned, shrink=True))]
    whole, cut = (read_posterior(folder.path, read_tensors(folder.weights)).deviations for folder in folders)
    assert set(whole) == set(cut)
    assert all(np.array_equal(values, cut[name]) for name, values in whole.items())


def test_a_cut_network_is_published_and_its_card_says_so(
    masked: Request, parent: Path, publisher: Publisher, tmp_path: Path
) -> None:
    publisher(read_folder(parent))
    cut = read_folder(make_model(replace(masked, shrink=True)).path)
    done = publisher(cut)
    got = pull(done.slug, engine=publisher.engine, endpoint=publisher.hub.endpoint, cache=tmp_path / "cache")
    assert got.densified_hash == done.densified_hash
    assert load_model(got.path, num_classes=3)(torch.randn(2, 1, 8, 8)).shape == (2, 3)
    card = Path(publisher.anonymous.hf_hub_download(done.repo_id, CARD, cache_dir=tmp_path / "hub")).read_text()
    assert "of the prunable weights of the architecture, cut out with their channels" in card
    assert "in these widths" in card


@pytest.mark.parametrize(("stated", "told"), [(0.9, "stated 90.00%"), (0.3, "stated 30.00%")])
def test_a_cut_network_cannot_claim_what_was_not_cut(masked: Request, stated: float, told: str) -> None:
    cut = read_folder(make_model(replace(masked, shrink=True)).path)
    wrong = replace(cut.provenance, sparsity_target=stated, slug=f"gmp/resnet8-digits/{stated:.2f}-channel-shrunk-s0")
    (cut.path / PROVENANCE).write_bytes(canonical_json(wrong.to_dict()))
    assert Provenance.from_dict(read_json(cut.path / PROVENANCE)) == wrong
    (reason,) = check(cut.path).reasons
    assert (reason.code, told in reason.detail, "that were cut out" in reason.detail) == ("sparsity_claim", True, True)


def test_two_of_four_claims_what_it_has(tmp_path: Path, parent: Path) -> None:
    request = replace(pruned_request(tmp_path, parent, target=0.5), pattern=NByM(2, 4))
    folder = read_folder(make_model(request).path)
    assert folder.provenance.slug == "gmp/resnet8-digits/2of4-s0"
    passport = measure(folder.weights, folder.config)
    assert passport.pattern == folder.provenance.pattern == "2:4"
    assert 0.49 < passport.sparsity() < 0.5  # the stem of one colour stays dense
    assert check(folder.path).reasons == ()


def test_controls_are_not_made_for_patterns(masked: Request) -> None:
    with pytest.raises(UsageError, match="follows the pattern channel, and controls are made for models without one"):
        controls_for(make_model(masked).path)


def test_what_cannot_be_cut_or_is_not_offered_is_refused(tmp_path: Path, masked: Request) -> None:
    with pytest.raises(UsageError, match="Only whole channels can be cut out"):
        replace(masked, pattern=NByM(2, 4), shrink=True)
    with pytest.raises(UsageError, match="The sparsity of 2:4 is 0.5, not 0.9"):
        replace(masked, pattern=NByM(2, 4), target=0.9)
    with pytest.raises(UsageError, match="Soft threshold reparameterisation offers the patterns unstructured"):
        replace(masked, method="str")
