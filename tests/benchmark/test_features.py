"""Features are kept under everything that decides them, checked when they are read, and made in one pass for many."""

import hashlib
import json
import multiprocessing
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from counted_images import CountedImages
from torch import Tensor, nn

from benchmark.errors import BadModelError
from benchmark.feature_cache import FeatureCache
from benchmark.features import feature_key, features_of, features_of_all
from benchmark.image_pass import Seer, image_pass
from benchmark.job import Job
from benchmark.numerics import Numerics
from benchmark.prefetch import prefetch
from benchmark.protocols import Subject
from benchmark.remarks import remarks
from benchmark.run_job import checkpoint_of, run_job
from benchmark.tasks import find_task
from registry.blobs import BlobStore
from zoo.checkpoint.folder import ModelFolder
from zoo.core.errors import UsageError
from zoo.models import load_model

KEY = {"densified_hash": "d1:0", "layer": "fc"}
IMAGES = find_task("digits-5-9@1").image_sets()[""]


def _rows(seed: int, n: int = 4) -> Tensor:
    return torch.randn(n, 8, generator=torch.Generator().manual_seed(seed))


def _subject(model: ModelFolder) -> Subject:
    return Subject(load_model(model.path), "fc", model.config.preprocessing, checkpoint_of(model))


def _images(n: int = 60) -> CountedImages:
    return CountedImages(np.stack([IMAGES.images[index] for index in range(n)]))


def test_a_file_gives_back_its_numbers_and_is_pinned_by_its_bytes(tmp_path: Path) -> None:
    cache, rows = FeatureCache(tmp_path), _rows(0)
    assert cache.get(KEY) is None
    cache.put(KEY, rows)
    found = cache.get(KEY)
    assert found is not None
    assert torch.equal(found, rows)
    magic, header, numbers = cache.path(KEY).read_bytes().split(b"\n", 2)
    assert magic == b"prunarium features 1"
    assert json.loads(header) == {"key": KEY, "shape": [4, 8], "sha256": hashlib.sha256(numbers).hexdigest()}
    assert numbers == rows.numpy().astype("<f4").tobytes()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda data: data[:-1], "does not have the content"),
        (lambda data: data[:-1] + bytes([data[-1] ^ 1]), "does not have the content"),
        (lambda data: data.replace(b'"fc"', b'"fd"'), "features of something else"),
        (lambda data: data.replace(b"{", b"[", 1), "broken header"),
        (lambda data: b"x" + data, "no file of features"),
        (lambda data: data[:0], "no file of features"),
    ],
)
def test_a_damaged_file_is_worked_out_again_with_a_remark(
    damage: object, said: str, sparse_model: ModelFolder, tmp_path: Path
) -> None:
    assert callable(damage)
    cache = FeatureCache(tmp_path)
    cache.put(KEY, _rows(0))
    cache.path(KEY).write_bytes(damage(cache.path(KEY).read_bytes()))
    with remarks() as heard:
        assert cache.get(KEY) is None
    (sentence,) = heard["features"]
    assert said in sentence
    assert not cache.path(KEY).exists()


def test_a_damaged_file_changes_no_result(sparse_model: ModelFolder) -> None:
    subject = _subject(sparse_model)
    before = features_of(subject, IMAGES.images, IMAGES.ids, 64)
    (path,) = FeatureCache.of_environment().folder.glob("*")
    path.write_bytes(path.read_bytes()[:-4])
    with remarks() as heard:
        after = features_of(subject, IMAGES.images, IMAGES.ids, 64)
    assert torch.equal(before, after)
    assert "worked out again" in heard["features"][0]


def test_what_was_read_longest_ago_makes_room(tmp_path: Path) -> None:
    size = 4 * 8 * 4 + 200
    cache = FeatureCache(tmp_path, limit_bytes=2 * size)
    for number in range(2):
        cache.put({"number": number}, _rows(number))
        os.utime(cache.path({"number": number}), (number, number))
    assert cache.get({"number": 0}) is not None  # read now, so that number 1 is the oldest
    cache.put({"number": 2}, _rows(2))
    assert [cache.get({"number": number}) is not None for number in range(3)] == [True, False, True]
    cache.put({"number": 3}, _rows(3, n=500))
    assert cache.get({"number": 3}) is None, "what does not fit alone is not kept, and nothing goes for it"
    assert cache.get({"number": 2}) is not None


def test_a_limit_is_a_number_of_bytes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRUNARIUM_FEATURES_BYTES", "0")
    cache = FeatureCache.of_environment()
    cache.put(KEY, _rows(0))
    assert cache.get(KEY) is None
    monkeypatch.setenv("PRUNARIUM_FEATURES_BYTES", "many")
    with pytest.raises(UsageError, match="number of bytes, got 'many'"):
        FeatureCache.of_environment()


def _write_and_read(folder: str, number: int) -> None:
    cache = FeatureCache(Path(folder), limit_bytes=3 * 400)
    for turn in range(60):
        key = {"number": (turn + number) % 5}
        found = cache.get(key)
        if found is not None and not torch.equal(found, _rows(key["number"])):
            os._exit(1)
        cache.put(key, _rows(key["number"]))


@pytest.mark.slow
def test_two_processes_may_share_the_folder(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    started = [context.Process(target=_write_and_read, args=(str(tmp_path), number)) for number in range(2)]
    for process in started:
        process.start()
    for process in started:
        process.join()
    assert [process.exitcode for process in started] == [0, 0]
    assert not list(tmp_path.glob("*.part"))


def test_every_part_of_the_key_makes_another_address(sparse_model: ModelFolder) -> None:
    subject, plain = _subject(sparse_model), Numerics()
    fed = subject.preprocessing
    keys = [
        feature_key(subject, ("a", "b"), plain),
        feature_key(subject, ("b", "a"), plain),
        feature_key(subject._replace(checkpoint=("d1:0", "resnet8-digits")), ("a", "b"), plain),
        feature_key(subject._replace(checkpoint=(checkpoint_of(sparse_model)[0], "x")), ("a", "b"), plain),
        feature_key(subject._replace(classifier="layer1"), ("a", "b"), plain),
        feature_key(subject._replace(preprocessing=replace(fed, interpolation="bicubic")), ("a", "b"), plain),
        feature_key(subject._replace(preprocessing=replace(fed, crop_fraction=0.875)), ("a", "b"), plain),
        feature_key(subject, ("a", "b"), replace(plain, precision="bf16")),
        feature_key(subject, ("a", "b"), replace(plain, channels_last=True)),
        feature_key(subject, ("a", "b"), replace(plain, compiled=True)),
    ]
    addresses = {FeatureCache(Path()).path(key or {}) for key in keys}
    assert len(addresses) == len(keys)
    assert keys[0] is not None
    assert keys[0]["torch"] == torch.__version__
    assert feature_key(subject._replace(checkpoint=None), ("a",), plain) is None


def test_several_networks_see_one_decoding_and_what_they_would_see_alone(
    digit_models: tuple[ModelFolder, ModelFolder],
) -> None:
    subjects = [_subject(model) for model in digit_models]
    subjects.append(subjects[0]._replace(preprocessing=replace(subjects[0].preprocessing, mean=(0.5,))))
    seers = [Seer(subject.model, subject.preprocessing, "fc") for subject in subjects]
    together, images = _images(), []
    found = image_pass(seers, together, 16, Numerics())
    assert set(together.decoded) == {1}
    for seer, rows in zip(seers, found, strict=True):
        images.append(_images())
        (alone,) = image_pass([seer], images[-1], 16, Numerics())
        assert torch.equal(alone, rows)
    assert not torch.equal(found[0], found[2])


def test_networks_that_are_in_the_cache_are_left_out_of_the_pass(
    digit_models: tuple[ModelFolder, ModelFolder],
) -> None:
    subjects, ids = [_subject(model) for model in digit_models], [str(number) for number in range(60)]
    first = features_of_all(subjects[:1], _images(), ids, 16)
    with remarks() as heard:
        both = features_of_all(subjects, _images(), ids, 16)
    assert heard["features"] == ["1 of 2 from the cache, for 60 images"]
    assert torch.equal(first[0], both[0])
    again = _images()
    assert torch.equal(features_of_all(subjects, again, ids, 16)[1], both[1])
    assert set(again.decoded) == {0}


def test_a_run_prefetches_what_several_models_need(
    digit_models: tuple[ModelFolder, ModelFolder], tmp_path: Path
) -> None:
    jobs = [Job(number, "m", "digits-5-9@1", "linear@2", seed) for number in (0, 1) for seed in (0, 1)]
    jobs.append(Job(0, "m", "digits-0-4@1", "as-published@1", 0))
    assert prefetch(jobs[:2], lambda number: digit_models[number].path) == 0, "one model gains nothing"
    assert prefetch(jobs, lambda number: digit_models[number].path) == 2, "the pool and the test images"
    outcome = run_job(jobs[0], digit_models[0].path, BlobStore("memory://prefetched"))
    heard = outcome.resources["remarks"]["features"]
    assert heard == ["1 of 1 from the cache, for 582 images", "1 of 1 from the cache, for 314 images"]


def test_a_pass_that_fails_leaves_the_error_to_the_jobs(
    digit_models: tuple[ModelFolder, ModelFolder], capsys: pytest.CaptureFixture[str]
) -> None:
    jobs = [Job(number, "m", "digits-5-9@1", "knn@1", 0) for number in (0, 1)]
    assert prefetch(jobs, lambda number: digit_models[number].path / "nowhere") == 0
    assert "No shared pass over digits-5-9@1" in "".join(capsys.readouterr())


def test_cached_features_give_the_same_bits(sparse_model: ModelFolder) -> None:
    job, blobs = Job(1, "m", "digits-5-9@1", "linear@2", 0), BlobStore("memory://bits")
    first, second = run_job(job, sparse_model.path, blobs), run_job(job, sparse_model.path, blobs)
    assert first.results == second.results
    assert first.predictions == second.predictions
    address = first.results[0].provenance["documents"]["validation"]
    assert len(json.loads(blobs.get(address))["validation"]) == 116


class _Greedy(nn.Module):
    """Runs out of memory above so many images."""

    def __init__(self, most: int, inner: nn.Module, error: Exception) -> None:
        super().__init__()
        self.most, self.inner, self.error = most, inner, error
        self.sizes: list[int] = []

    def forward(self, x: Tensor) -> Tensor:
        self.sizes.append(len(x))
        if len(x) > self.most:
            raise self.error
        found: Tensor = self.inner(x)
        return found


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory."), MemoryError()])
def test_a_batch_that_does_not_fit_is_halved_and_remarked_on(sparse_model: ModelFolder, error: Exception) -> None:
    inner, fed = load_model(sparse_model.path), sparse_model.config.preprocessing
    greedy = _Greedy(10, inner, error)
    with remarks() as heard:
        (found,) = image_pass([Seer(greedy, fed)], _images(), 32, Numerics())
    (whole,) = image_pass([Seer(inner, fed)], _images(), 32, Numerics())
    torch.testing.assert_close(found, whole, atol=1e-5, rtol=1e-5)
    assert greedy.sizes == [32, 16, 8, 8, 8, 8, 8, 8, 8, 4]
    assert len(heard["out of memory"]) == 2


def test_one_image_that_does_not_fit_is_an_error(sparse_model: ModelFolder) -> None:
    greedy = _Greedy(0, nn.Identity(), MemoryError("too much"))
    with pytest.raises(MemoryError, match="too much"):
        image_pass([Seer(greedy, sparse_model.config.preprocessing)], _images(), 4, Numerics())


def test_features_that_are_no_numbers_are_named(sparse_model: ModelFolder) -> None:
    subject = _subject(sparse_model)._replace(checkpoint=None)
    with torch.no_grad():
        subject.model.get_parameter("conv1.weight").fill_(float("nan"))
    with pytest.raises(BadModelError, match="features of 314 of 314 images are NaN"):
        features_of(subject, IMAGES.images, IMAGES.ids, 512)
