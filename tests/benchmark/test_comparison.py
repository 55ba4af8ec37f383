"""Two models on the same images: against statsmodels, scikit-learn and plain counting."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from kept_predictions import DENSE, OOD, SHIFT, SPARSE, TRANSFER, Kept, ids_of_images, kept_predictions, pair_of_logits
from scipy import stats
from sklearn.metrics import confusion_matrix
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

import prunarium
from benchmark.comparison import Comparison
from benchmark.errors import NotMeasuredError
from prunarium.cli import run
from registry.differences import Difference
from zoo.core.errors import UsageError

GOOD, BAD, LABELS = pair_of_logits(600, changed=0.25)
GOOD_RIGHT, BAD_RIGHT = (values.argmax(axis=1) == LABELS for values in (GOOD, BAD))


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    """One run of each by linear, three and two by full; a shift and a detection pair."""
    generator = np.random.default_rng(5)
    with kept_predictions(tmp_path_factory.mktemp("home")) as made:
        for model, values, seeds in ((DENSE, GOOD, 3), (SPARSE, BAD, 2)):
            made.add(model, {"": values}, LABELS)
            for seed in range(seeds):
                noisy = (values + generator.normal(0, 0.6, values.shape)).astype(np.float32)
                made.add(model, {"": noisy}, LABELS, protocol="full@1", seed=seed)
            made.add(model, {"fog/1": values, "fog/2": values}, LABELS, task=SHIFT, protocol="as-published@1")
            pair = {"inside": values, "outside": -values}
            made.add(model, pair, None, task=OOD, protocol="as-published@1")
        yield made


def compared(kept: Kept, task: str = TRANSFER, protocol: str | None = "linear", **given: str) -> Comparison:
    return prunarium.compare(SPARSE, task=task, protocol=protocol, settings=kept.settings, **given)


def metric(found: Comparison, name: str) -> Difference:
    return next(one for one in found.differences if one.metric == f"{name}@1")


def test_mcnemar_is_that_of_statsmodels(kept: Kept) -> None:
    images = compared(kept).images
    assert images is not None
    table = confusion_matrix(BAD_RIGHT, GOOD_RIGHT)
    assert images.p_exact == pytest.approx(mcnemar(table, exact=True).pvalue, rel=1e-9)
    assert (len(images.lost), len(images.gained)) == (table[0, 1], table[1, 0])
    assert images.disagreement == pytest.approx((table[0, 1] + table[1, 0]) / 600)
    assert images.p_mid is not None
    assert images.p_exact is not None
    assert images.p_mid < images.p_exact


def test_the_paired_interval_is_that_of_a_bootstrap_of_scipy(kept: Kept) -> None:
    """SciPy resamples images with both answers on them; its draws are its own."""
    one = metric(compared(kept), "top1")
    theirs = stats.bootstrap(
        (BAD_RIGHT.astype(float) - GOOD_RIGHT,), np.mean, n_resamples=4000, method="basic", rng=0
    ).confidence_interval
    assert one.difference == pytest.approx(BAD_RIGHT.mean() - GOOD_RIGHT.mean())
    assert (one.low, one.high) == pytest.approx((theirs.low, theirs.high), abs=0.004)
    assert one.verdict == "worse"
    assert metric(compared(kept), "nll").verdict == "worse"  # a higher NLL


def test_images_lost_and_gained_are_named_the_surest_first(kept: Kept) -> None:
    images = compared(kept).images
    assert images is not None
    ids = np.array(ids_of_images(600))
    assert {image.id for image in images.lost} == set(ids[~BAD_RIGHT & GOOD_RIGHT])
    assert {image.id for image in images.gained} == set(ids[BAD_RIGHT & ~GOOD_RIGHT])
    surest = [max(image.first_confidence, image.second_confidence) for image in images.lost]
    assert surest == sorted(surest, reverse=True)
    first = images.lost[0]
    assert first.first_prediction == BAD.argmax(axis=1)[list(ids).index(first.id)]
    assert first.label_name == str(5 + first.label)


def test_classes_begin_with_the_most_hurt_and_count_their_own_images(kept: Kept) -> None:
    images = compared(kept).images
    assert images is not None
    changes = [one.first - one.second for one in images.classes]
    assert changes == sorted(changes)
    raw = []
    for one in images.classes:
        of = np.equal(LABELS, one.label)
        assert (one.n, one.lost, one.gained) == (
            of.sum(), (~BAD_RIGHT & GOOD_RIGHT & of).sum(), (BAD_RIGHT & ~GOOD_RIGHT & of).sum()
        )  # fmt: skip
        assert one.first == pytest.approx(BAD_RIGHT[of].mean())
        few, many = sorted((one.lost, one.gained))
        point = stats.binom.pmf(few, few + many, 0.5)
        raw.append(2 * stats.binom.cdf(few, few + many, 0.5) - point if few != many else 1 - point / 2)
    expected = multipletests(raw, method="holm")[1]
    assert [one.p for one in images.classes] == pytest.approx(list(expected))


def test_several_seeds_have_an_interval_with_their_noise_and_no_test_of_one_pair(kept: Kept) -> None:
    found = compared(kept, protocol="full")
    assert found.seeds == ((0, 1), (0, 1, 2))
    assert found.images is not None
    assert (found.images.p_exact, found.images.p_mid) == (None, None)
    assert "several seeds" in str(found.images.no_test_reason)
    assert all(one.p is None for one in found.images.classes)
    one = metric(found, "top1")
    tables = [
        [prunarium.predictions(model, TRANSFER, protocol="full", seed=seed, settings=kept.settings)["correct"]
         for seed in range(seeds)]
        for model, seeds in ((SPARSE, 2), (DENSE, 3))
    ]  # fmt: skip
    shares = [[float(np.mean(correct)) for correct in side] for side in tables]
    assert one.difference == pytest.approx(np.mean(shares[0]) - np.mean(shares[1]))
    low, high = stats.ttest_ind(*shares, equal_var=False).confidence_interval(0.95)
    images = np.mean(tables[0], axis=0) - np.mean(tables[1], axis=0)
    expected = np.hypot((high - low) / 2, 1.96 * images.std() / np.sqrt(600))
    assert one.low is not None
    assert one.high is not None
    assert (one.high - one.low) / 2 == pytest.approx(expected, rel=0.06)


def test_a_shift_as_a_whole_and_one_condition_of_it(kept: Kept) -> None:
    whole = compared(kept, SHIFT, None)
    assert metric(whole, "top1").low is not None
    assert whole.images is None
    assert "no predictions of single images" in str(whole.no_images_reason)
    fog = compared(kept, SHIFT, None, condition="fog/1")
    assert fog.images is not None
    assert len(fog.images.lost) == (~BAD_RIGHT & GOOD_RIGHT).sum()
    with pytest.raises(NotMeasuredError, match="no number in common"):
        compared(kept, SHIFT, None, condition="fog/9")


def test_unfamiliar_images_have_numbers_and_no_classes(kept: Kept) -> None:
    found = compared(kept, OOD, None, condition="msp")
    assert metric(found, "auroc").low is not None
    assert found.images is None


def test_other_images_are_not_paired(tmp_path: Path) -> None:
    with kept_predictions(tmp_path) as made:
        made.add(DENSE, {"": GOOD}, LABELS)
        made.add(SPARSE, {"": BAD[:500]}, LABELS[:500])
        found = prunarium.compare(SPARSE, DENSE, task=TRANSFER, settings=made.settings)
    assert found.images is None
    assert found.no_images_reason == "the two were not measured on the same images"
    one = metric(found, "top1")
    assert (one.low, one.verdict, one.no_interval_reason) == (None, "no interval", found.no_images_reason)


def test_a_model_without_a_parent(kept: Kept) -> None:
    with pytest.raises(UsageError, match="names no dense parent"):
        prunarium.compare(DENSE, task=TRANSFER, protocol="linear", settings=kept.settings)


def test_a_model_against_itself_differs_by_nothing(kept: Kept) -> None:
    found = prunarium.compare(SPARSE, SPARSE, task=TRANSFER, protocol="linear", settings=kept.settings)
    assert {(one.difference, one.low, one.high) for one in found.differences} == {(0.0, 0.0, 0.0)}
    assert found.images is not None
    assert (found.images.p_mid, found.images.lost, found.images.disagreement) == (1.0, (), 0.0)


def test_the_command(kept: Kept, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRUNARIUM_HOME", str(kept.settings.home))
    asked = ["compare", SPARSE, "--task", "digits-5-9", "--protocol", "linear"]
    assert run([*asked, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["second"] == DENSE
    assert len(document["images"]["lost"]) == (~BAD_RIGHT & GOOD_RIGHT).sum()
    assert run(asked) == 0
    said = capsys.readouterr()
    assert "worse" in said.out
    assert "most hurt first" in said.out
    assert "McNemar's test: mid-p" in said.err
    assert run([*asked, "--show", "0"]) == 0
    assert run(["compare", SPARSE, "--task", "digits-5-9"]) == 2
    assert "Name one, such as --protocol" in capsys.readouterr().err
    assert run(["compare", SPARSE]) == 2
