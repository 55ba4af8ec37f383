"""What is told of every published shift: how to get it, where it is looked for, what is computed, what never is."""

import pytest

from benchmark.metrics import METRICS
from benchmark.protocols import PROTOCOLS
from benchmark.shifts import CLEAN, SHIFTS, PublishedShift, ShiftTask
from benchmark.shifts._label_spaces import label_space, objectnet_labels
from benchmark.tasks import TASKS
from zoo.checkpoint.config import Preprocessing

PUBLISHED = [shift for _, shift in SHIFTS.items() if isinstance(shift, PublishedShift)]
PREPROCESSING = Preprocessing((3, 224, 224), (0.5, 0.5, 0.5), (0.2, 0.2, 0.2), "bilinear", 0.875)

every_shift = pytest.mark.parametrize("shift", PUBLISHED, ids=lambda shift: shift.id)


def test_these_are_published() -> None:
    assert {shift.name for shift in PUBLISHED} == {
        *("imagenet-c", "imagenet-c-extra", "imagenet-c-bar", "imagenet-3dcc", "imagenet-a", "imagenet-r"),
        *("imagenet-sketch", "imagenet-v2-matched-frequency", "imagenet-v2-threshold-0.7", "imagenet-v2-top-images"),
        *("objectnet", "cifar10-c", "cifar10-c-extra", "cifar10.1", "cifar10.2", "cifar100-c"),
        "cifar100-c-extra",
    }


@every_shift
def test_it_says_how_to_get_it_and_where_it_is_looked_for(shift: PublishedShift) -> None:
    assert shift.addresses
    assert all(address in shift.how_to_get() for address in shift.addresses)
    assert shift.layout.description in shift.how_to_get()
    assert shift.place_variable.removeprefix("PRUNARIUM_").replace("_", "").isalnum()
    assert not shift.regenerated


@every_shift
def test_its_metrics_exist_and_are_of_the_right_kind(shift: PublishedShift) -> None:
    assert {METRICS[name].subject for name in shift.metrics} == {"predictions"}
    assert {METRICS[name].subject for name in shift.aggregates} <= {"mistakes by condition"}
    needed = {need for name in shift.metrics for need in METRICS[name].needs}
    assert shift.keep == "all" or "gaps" not in needed  # what is not kept cannot be measured
    assert len(set(shift.conditions)) == len(shift.conditions)


def test_only_files_that_were_cropped_before_are_not_resized() -> None:
    cropped = {shift.name for shift in PUBLISHED if shift.cropped}
    assert cropped == {"imagenet-c", "imagenet-c-extra", "imagenet-c-bar", "imagenet-3dcc"}
    for shift in PUBLISHED:
        fed = shift.fed(PREPROCESSING)
        assert fed.crop_fraction == (1.0 if shift.cropped else 0.875)
        # The images before corruption are those that ImageNet's own task shows.
        assert shift.fed(PREPROCESSING, CLEAN) == PREPROCESSING
        assert (fed.input_size, fed.mean, fed.interpolation) == ((3, 224, 224), (0.5, 0.5, 0.5), "bilinear")


def test_the_mean_of_imagenet_c_is_over_fifteen_corruptions() -> None:
    fifteen, four = SHIFTS["imagenet-c@1"], SHIFTS["imagenet-c-extra@1"]
    assert (len(fifteen.conditions), len(four.conditions)) == (75, 20)
    assert not set(fifteen.conditions) & set(four.conditions)
    assert fifteen.primary_metric == "mce-official-alexnet@1"
    assert four.aggregates == ()
    assert set(SHIFTS["cifar10-c@1"].conditions) == set(fifteen.conditions)


def test_clean_images_are_read_where_a_number_needs_them() -> None:
    needing = {shift.name for shift in PUBLISHED if any(name.startswith("relative") for name in shift.aggregates)}
    assert {shift.name for shift in PUBLISHED if shift.clean} == needing == {"imagenet-c"}
    assert CLEAN not in SHIFTS["imagenet-c@1"].conditions  # they are in no mean
    assert CLEAN not in SHIFTS["imagenet-c@1"].image_sets()  # nobody has fetched ImageNet on this machine


def test_large_sets_keep_the_largest_logits_alone() -> None:
    assert {shift.name for shift in PUBLISHED if shift.keep == "top"} == {
        *("imagenet-c", "imagenet-c-extra", "imagenet-c-bar", "imagenet-3dcc", "cifar100-c"),
    }


def test_label_spaces_are_timms() -> None:
    """First, last and sum of timm's results/imagenet_{a,r}_indices.txt, and ObjectNet's 113 labels of 125 classes."""
    a, r = label_space("imagenet-a"), label_space("imagenet-r")
    assert (len(a), a[0], a[-1], len(r), r[0], r[-1]) == (200, 6, 988, 200, 1, 988)
    assert (len(objectnet_labels()), len(label_space("objectnet"))) == (113, 125)
    for space in (a, r, label_space("objectnet")):
        assert list(space) == sorted(set(space))


def test_nothing_is_ever_tuned_on_a_shift() -> None:
    """ObjectNet's terms forbid it. Protocols that train take no shift; temperatures come from the source's images."""
    taking = {name: protocol.facts for name, protocol in PROTOCOLS.items() if "shift" in protocol.facts.task_kinds}
    assert set(taking) == {"as-published@1", "stored-posterior@1"}
    assert {facts.trains for facts in taking.values()} == {"nothing"}
    for shift in PUBLISHED:
        assert type(shift).fitting_set is ShiftTask.fitting_set
        assert shift.source_task in TASKS
        assert shift.reference_set() is None
    assert SHIFTS["objectnet@1"].manifest()["gated"] is True
