"""The bundled digits: real, complete, split by content; scikit-learn's arrays are the judge."""

import hashlib
import inspect
from itertools import combinations

import numpy as np
import pytest
from sklearn.datasets import load_digits

from zoo.core.errors import UsageError
from zoo.data import ImageData, digits, in_memory, load_data
from zoo.data.digits import split_by_content
from zoo.errors import DataMismatchError


@pytest.fixture(scope="module")
def upstream() -> ImageData:
    return load_data("digits:0-4")


def test_hashes_and_sizes_are_pinned(upstream: ImageData) -> None:
    downstream = load_data("digits:5-9")
    assert upstream.sha256 == "5145a459be404f70d58c07ad55928c1028c84a0bc3394511cc32fb43c3a8769b"
    assert downstream.sha256 == "06ea652db544289d268f3cfcfa0520be31ccb337143fc986372a838090654c26"
    assert {name: len(split) for name, split in upstream.splits.items()} == {
        "train": 450,
        "validation": 135,
        "test": 316,
    }
    assert {name: len(split) for name, split in downstream.splits.items()} == {
        "train": 448,
        "validation": 134,
        "test": 314,
    }


def test_every_image_is_one_of_scikit_learns_with_its_label(upstream: ImageData) -> None:
    bunch = load_digits()
    truth = {
        hashlib.sha256(np.rint(image * 255 / 16).astype(np.uint8).tobytes()).hexdigest(): int(label)
        for image, label in zip(bunch.images, bunch.target, strict=True)
    }
    seen = []
    for split in upstream.splits.values():
        images = in_memory(split.images)
        assert images.shape[1:] == (8, 8, 1)
        for image, label, name in zip(images, split.labels, split.ids, strict=True):
            assert hashlib.sha256(image.tobytes()).hexdigest() == name
            assert truth[name] == label
            seen.append(name)
    assert sorted(seen) == sorted(name for name, label in truth.items() if label <= 4)


def test_splits_share_no_image(upstream: ImageData) -> None:
    for left, right in combinations(upstream.splits.values(), 2):
        assert not set(left.ids) & set(right.ids)


def test_splits_are_stratified(upstream: ImageData) -> None:
    whole = np.bincount(np.concatenate([split.labels for split in upstream.splits.values()]))
    for name, share in (("train", 0.50), ("validation", 0.15), ("test", 0.35)):
        np.testing.assert_allclose(np.bincount(upstream.splits[name].labels), share * whole, atol=1)


def test_the_split_does_not_depend_on_the_stored_order() -> None:
    bunch = load_digits()
    images, labels = bunch.images.astype(np.uint8)[..., None], bunch.target.astype(np.int64)
    shuffled = np.random.default_rng(0).permutation(len(labels))
    first = split_by_content(images, labels, range(5))
    second = split_by_content(images[shuffled], labels[shuffled], range(5))
    assert {name: split.ids for name, split in first.items()} == {name: split.ids for name, split in second.items()}


def test_labels_are_counted_from_the_first_class() -> None:
    data = load_data("digits:5-9")
    assert data.class_names == ("5", "6", "7", "8", "9")
    assert sorted(set(data.splits["test"].labels.tolist())) == [0, 1, 2, 3, 4]


def test_data_name_their_licence_and_source(upstream: ImageData) -> None:
    assert upstream.licence == "CC-BY-4.0"
    assert "10.24432/C50P49" in upstream.citation


def test_arrays_are_shared_and_cannot_be_changed(upstream: ImageData) -> None:
    with pytest.raises(ValueError, match="read-only"):
        in_memory(upstream.splits["train"].images)[0] = 0


@pytest.mark.parametrize("spec", ["digits:", "digits:4-0", "digits:3-3", "digits:a-b", "digits:0-10", "digits"])
def test_other_selections_are_refused(spec: str) -> None:
    with pytest.raises(UsageError, match="selects no digits"):
        load_data(spec)


def test_an_unknown_kind_of_data_suggests_the_nearest() -> None:
    with pytest.raises(UsageError, match="no kind of data 'digit'.\nDid you mean 'digits'"):
        load_data("digit:0-4")


def test_other_digits_than_the_pinned_ones_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digits, "ALL_DIGITS_SHA256", "0" * 64)
    with pytest.raises(DataMismatchError, match="not the expected ones"):
        inspect.unwrap(digits._bundled)()
