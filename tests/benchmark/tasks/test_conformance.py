"""Every task and shift: complete metadata that is true of the images."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from bundled_tasks import bundled_tasks

from benchmark.errors import ManifestError
from benchmark.metrics import METRICS
from benchmark.shifts import SHIFTS, PublishedShift, ShiftTask
from benchmark.suites import load_suites
from benchmark.tasks import (
    CostTask,
    ImageManifest,
    OpenOodTask,
    SourcedManifest,
    SplitFacts,
    Task,
    all_tasks,
    find_task,
)
from zoo.core.errors import UsageError
from zoo.data import SOURCES, in_memory, load_data
from zoo.data.archives import ARCHIVES
from zoo.data.hub import HubSource

TASKS = all_tasks()
MANIFESTS = {
    manifest.spec: manifest for task in TASKS for manifest in vars(task).values() if isinstance(manifest, ImageManifest)
}

SOURCED = {
    manifest.name: manifest
    for task in TASKS
    for manifest in vars(task).values()
    if isinstance(manifest, SourcedManifest)
}
BUNDLED = bundled_tasks()

every_task = pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
every_manifest = pytest.mark.parametrize("manifest", MANIFESTS.values(), ids=lambda manifest: manifest.spec)


@every_task
def test_is_found_by_its_own_name_and_version(task: Task) -> None:
    assert find_task(task.id) is task


@every_task
def test_metadata_is_complete(task: Task) -> None:
    assert task.title
    assert task.source
    name, _, version = task.primary_metric.partition("@")
    assert METRICS[name].version == int(version)
    if not isinstance(task, CostTask):
        assert task.licence
        assert task.citation
        assert task.classes is not None
        assert task.data_sha256() or isinstance(task, PublishedShift | OpenOodTask)


@every_task
def test_the_manifest_is_json(task: Task) -> None:
    assert json.loads(json.dumps(task.manifest())) == task.manifest()


@pytest.mark.parametrize("manifest", SOURCED.values(), ids=SOURCED)
def test_facts_of_data_that_must_be_fetched_fit_each_other(manifest: SourcedManifest) -> None:
    assert len(set(manifest.class_names)) == len(manifest.class_names)
    assert set(manifest.splits) == {"train", "test"}
    assert set(manifest.hashed) <= set(manifest.splits)
    assert 0 <= manifest.validation_fraction < 1
    for facts in manifest.splits.values():
        if facts.histogram is not None:
            assert sum(facts.histogram) == facts.n
            assert len(facts.histogram) == len(manifest.class_names)
    assert manifest.sources
    for source in manifest.sources:
        kind, _, selection = source.spec.partition(":")
        assert kind in SOURCES
        assert kind != "archive" or selection in ARCHIVES
        assert kind != "hub" or {"train", "test"} <= set(HubSource.parse(selection).splits)
        assert source.sha256 is None or re.fullmatch("[0-9a-f]{64}", source.sha256)


@pytest.mark.parametrize("task", BUNDLED, ids=lambda task: task.id)
def test_image_sets_are_what_the_metadata_says(task: Task) -> None:
    sets = task.image_sets()
    assert bool(sets) is not isinstance(task, CostTask)
    distinct = {image_id for condition, images in sets.items() if condition != "validation" for image_id in images.ids}
    assert len(distinct) == (task.n_test or 0)
    for images in sets.values():
        assert len(images.ids) == len(set(images.ids)) == len(images.images)
        if images.labels is not None:
            assert len(images.labels) == len(images.ids)
            assert 0 <= images.labels.min() <= images.labels.max() < (task.classes or 0)


@every_task
def test_is_in_a_suite(task: Task) -> None:
    assert any(task.id == cell.task for suite in load_suites().values() for cell in suite.cells)


@every_manifest
def test_the_images_are_those_of_the_manifest(manifest: ImageManifest) -> None:
    data = manifest.load()
    assert list(manifest.differences(data)) == []
    assert (data.licence, data.citation) == (manifest.licence, manifest.citation)
    for facts in manifest.splits.values():
        assert facts.histogram is not None
        assert sum(facts.histogram) == facts.n
        assert len(facts.histogram) == len(manifest.class_names)


@every_manifest
def test_splits_share_no_image(manifest: ImageManifest) -> None:
    ids = [image_id for name in manifest.splits for image_id in manifest.split(name).ids]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sha256": "0" * 64}, "expected data with sha256 0000"),
        ({"class_names": ("a", "b", "c", "d", "e")}, "expected the classes"),
        ({"splits": {"test": SplitFacts(1, (1, 0, 0, 0, 0))}}, "expected 1 images in test, got 316"),
        ({"splits": {}}, r"expected the splits \[\], got \['test', 'train', 'validation'\]"),
    ],
)
def test_other_images_are_refused_with_every_difference(change: dict[str, object], message: str) -> None:
    with pytest.raises(ManifestError, match=message):
        replace(MANIFESTS["digits:0-4"], **change).load()  # type: ignore[arg-type]


def test_a_mirror_with_moved_images_is_noticed_by_its_histogram() -> None:
    manifest, data = MANIFESTS["digits:0-4"], load_data("digits:0-4")
    labels = data.splits["test"].labels.copy()
    labels[0] = (labels[0] + 1) % 5
    moved = replace(data, splits={**data.splits, "test": replace(data.splits["test"], labels=labels)})
    assert any("label histogram" in difference for difference in manifest.differences(moved))


def test_an_unknown_task_suggests_the_nearest() -> None:
    with pytest.raises(UsageError, match="no task 'digits-0-5@1'") as caught:
        find_task("digits-0-5@1")
    assert "digits-0-4@1" in (caught.value.hint or "")


@pytest.mark.parametrize("shift", [task for task in BUNDLED if isinstance(task, ShiftTask)], ids=lambda shift: shift.id)
def test_a_shift_shows_the_images_of_its_source_under_each_condition(shift: ShiftTask) -> None:
    sets, source = shift.image_sets(), find_task(shift.source_task).image_sets()[""]
    assert tuple(sets) == shift.conditions
    assert len(set(shift.conditions)) == len(shift.conditions)
    for condition, images in sets.items():
        assert images.ids == source.ids, condition
        np.testing.assert_array_equal(images.labels, source.labels)
        assert (in_memory(images.images) != in_memory(source.images)).any(), condition


def test_a_regenerated_shift_says_so_in_its_title() -> None:
    for _, shift in SHIFTS.items():
        assert not shift.regenerated or "(regenerated)" in shift.title


def test_severities_change_more_and_more_pixels() -> None:
    shift = SHIFTS["digits-c-like@1"]
    sets, clean = shift.image_sets(), in_memory(find_task(shift.source_task).image_sets()[""].images).astype(float)
    for corruption in {condition.partition("/")[0] for condition in shift.conditions}:
        changes = [
            float(np.abs(in_memory(sets[f"{corruption}/{level}"].images) - clean).mean()) for level in range(1, 6)
        ]
        assert changes == sorted(changes), corruption
