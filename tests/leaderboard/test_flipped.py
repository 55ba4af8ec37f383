"""Which images flip: the bits of the catalogue say the same as the predictions that they were made of."""

from collections.abc import Iterator

import pytest
from kept_predictions import DENSE, SHIFT, SPARSE, TRANSFER, Kept, kept_predictions, pair_of_logits
from sqlalchemy import text
from starlette.testclient import TestClient

import prunarium
from benchmark.rescore import rescore
from leaderboard.app import create_app
from registry.db.session import session_scope
from registry.image_sets import ImageSet, pack_bits, unpack_bits

ADDRESS = f"/api/v1/compare?models={DENSE}&models={SPARSE}"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    good, bad, labels = pair_of_logits(300, changed=0.25)
    with kept_predictions(tmp_path_factory.mktemp("home")) as made:
        for model, values in ((DENSE, good), (SPARSE, bad)):
            made.add(model, {"": values}, labels)
            for seed, noisy in enumerate((values, values + (values < 0), -values)):
                made.add(model, {"": noisy}, labels, protocol="full@1", seed=seed)
            made.add(model, {"fog/1": values}, labels, task=SHIFT, protocol="as-published@1")
        yield made


@pytest.mark.parametrize("protocol", ["linear@1", "full@1"])
def test_the_site_names_the_images_that_the_predictions_name(kept: Kept, protocol: str) -> None:
    answer = TestClient(create_app(kept.engine)).get(ADDRESS).json()
    (found,) = (one for one in answer["images"] if (one["task"], one["protocol"]) == (TRANSFER, protocol))
    images = prunarium.compare(SPARSE, task=TRANSFER, protocol=protocol, settings=kept.settings).images
    assert images is not None
    assert found["lost"] == sorted(image.id for image in images.lost) != []
    assert found["gained"] == sorted(image.id for image in images.gained) != []
    assert (found["p_mid"], found["resolution"]) == (images.p_mid, images.resolution)
    assert [(one["name"], one["lost"], one["gained"]) for one in found["classes"]] == [
        (one.name, one.lost, one.gained) for one in images.classes
    ]
    assert {one["task"] for one in answer["images"]} == {TRANSFER}  # parts of a shift have no bits


@pytest.mark.slow
def test_what_older_versions_kept_says_so_until_it_is_scored_again(kept: Kept) -> None:
    client = TestClient(create_app(kept.engine))
    before = client.get(ADDRESS).json()["images"]
    with session_scope(kept.engine, write=True) as session:
        session.execute(text("update prediction set correct = null, image_set_id = null"))
        session.execute(text("update catalogue_state set version = version + 1"))
    missing = {one["missing"] for one in client.get(ADDRESS).json()["images"]}
    assert len(missing) == 1
    assert "prunarium benchmark rescore" in str(missing)
    assert "prunarium benchmark rescore" in client.get(ADDRESS.replace("/api/v1", "")).text
    assert rescore(kept.settings, dry_run=True).answers == 8
    assert rescore(kept.settings).answers == 8
    assert rescore(kept.settings).answers == 0
    assert client.get(ADDRESS).json()["images"] == before
    with session_scope(kept.engine) as session:
        assert session.execute(text("select count(*) from image_set")).scalar() == 1


def test_bits_and_images_come_back_as_they_were_written() -> None:
    rows = [[True, False, True] * 3, [False] * 9]
    assert unpack_bits([pack_bits(row) for row in rows], 9).tolist() == rows
    images = ImageSet(("a", "b\n", "ü"), (1, 0, 1), ("no", "yes"))
    assert ImageSet.unpacked(images.packed()) == images
    # Pinned: what old catalogues hold must be found again. Made with sha256sum of the canonical JSON.
    assert ImageSet(("a",), (0,)).sha256 == "3322b69fb71c21f85518192bec1fd2a9228770d1bfe057fb1c171b580823b813"
