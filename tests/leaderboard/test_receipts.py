"""The server's key, its receipts and predictions, and the links on a model's page."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from kept_predictions import SPARSE, Kept, kept_predictions, pair_of_logits
from site_server import running_site

from benchmark.receipt_files import verify_file
from leaderboard.app import create_app
from leaderboard.settings import SiteSettings
from registry.blobs import BlobStore
from registry.errors import ServerAnswerError
from registry.receipts import KEY_FILE, load_key, make_key, read_receipt
from registry.receipts.published import published_predictions
from registry.settings import load_settings


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    with kept_predictions(tmp_path_factory.mktemp("home")) as made:
        good, _, labels = pair_of_logits()
        made.add(SPARSE, {"": good}, labels)
        make_key(made.settings.home / KEY_FILE)
        yield made


@pytest.fixture
def site(kept: Kept) -> TestClient:
    settings = SiteSettings(receipt_key=kept.settings.home / KEY_FILE, blobs=kept.settings.blobs)
    return TestClient(create_app(kept.engine, settings))


def test_the_key_is_published(site: TestClient, kept: Kept) -> None:
    public = load_key(kept.settings.home / KEY_FILE).public
    expected = {"algorithm": "ed25519", "key": str(public), "id": public.id}
    assert site.get("/api/v1/receipt-key").json() == expected


def test_the_page_of_a_model_leads_to_its_receipts(site: TestClient, kept: Kept) -> None:
    page = site.get(f"/models/{SPARSE}").text
    assert 'href="/api/v1/receipts/1">digits-5-9@1 by linear@1, seed 0</a>' in page
    answer = site.get("/api/v1/receipts/1")
    assert answer.headers["content-disposition"] == 'attachment; filename="1.receipt.json"'
    receipt = read_receipt(answer.content)
    assert receipt.is_signed_well()
    assert receipt.key == load_key(kept.settings.home / KEY_FILE).public
    stored = site.get(f"/api/v1/predictions/{receipt.predictions[0].sha256}")
    assert stored.content == BlobStore(kept.settings.blobs).get(receipt.predictions[0].sha256)


def test_a_server_without_a_key_signs_nothing_and_offers_nothing(kept: Kept, tmp_path: Path) -> None:
    for settings in (SiteSettings(), SiteSettings(receipt_key=tmp_path / "none.pem")):
        site = TestClient(create_app(kept.engine, settings))
        for address in ("/api/v1/receipt-key", "/api/v1/receipts/1"):
            answer = site.get(address)
            assert answer.status_code == 404
            assert "keygen" in answer.json()["error"]["hint"]
        assert "Signed receipts" not in site.get(f"/models/{SPARSE}").text


@pytest.mark.parametrize(
    ("address", "status"),
    [("/api/v1/receipts/99", 404), ("/api/v1/receipts/x", 400), (f"/api/v1/predictions/{'0' * 64}", 404),
     ("/api/v1/predictions/../key", 404), (f"/api/v1/predictions/{'0' * 63}", 400)],
)  # fmt: skip
def test_what_is_not_there(site: TestClient, address: str, status: int) -> None:
    assert site.get(address).status_code == status


def test_blobs_that_are_no_predictions_are_not_served(site: TestClient, kept: Kept) -> None:
    secret = BlobStore(kept.settings.blobs).put(b"secret")
    assert site.get(f"/api/v1/predictions/{secret}").status_code == 404


def test_a_stranger_checks_it_over_the_network(kept: Kept, tmp_path: Path) -> None:
    """From an empty home: the key and the predictions come from the server, and one byte more is not taken."""
    settings = SiteSettings(receipt_key=kept.settings.home / KEY_FILE, blobs=kept.settings.blobs)
    elsewhere = load_settings({"PRUNARIUM_HOME": str(tmp_path / "empty")})
    with running_site(kept.engine, settings) as address:
        file = tmp_path / "receipt.json"
        file.write_bytes(TestClient(create_app(kept.engine, settings)).get("/api/v1/receipts/1").content)
        report = verify_file(file, [address], files=address, settings=elsewhere)
        assert report.holds
        assert {check.what for check in report.checks if check.state == "right"} >= {"predictions", "top1@1", "nll@1"}
        receipt = read_receipt(file.read_bytes())
        longer = replace(receipt.predictions[0], size_bytes=receipt.predictions[0].size_bytes - 1)
        with pytest.raises(ServerAnswerError, match="more than the"):
            published_predictions(address, longer)
        with pytest.raises(ServerAnswerError, match="has no predictions"):
            published_predictions(address, replace(longer, sha256="0" * 64))
    report = verify_file(file, [str(load_key(kept.settings.home / KEY_FILE).public)], files=address, settings=elsewhere)
    assert "does not answer" in str(next(check.detail for check in report.checks if check.what == "predictions"))
