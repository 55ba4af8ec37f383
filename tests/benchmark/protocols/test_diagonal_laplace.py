"""Networks drawn from a posterior, from a model folder to stored numbers of uncertainty."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from benchmark.errors import BadModelError
from benchmark.job import Job
from benchmark.protocols import Subject
from benchmark.protocols.as_published import AsPublished
from benchmark.protocols.diagonal_laplace import DiagonalLaplace, DiagonalLaplaceConfig
from benchmark.run_job import run_job
from benchmark.tasks import find_task
from registry.blobs import BlobStore
from zoo.checkpoint.folder import ModelFolder
from zoo.models import load_model

TASK = find_task("digits-0-4@1")
QUICK = DiagonalLaplaceConfig(networks=4, prior_precisions=(1.0, 1e3))


def _subject(model: ModelFolder) -> Subject:
    return Subject(load_model(model.path), model.config.classifier, model.config.preprocessing)


def test_entropy_and_mutual_information_of_a_pruned_model(sparse_model: ModelFolder, tmp_path: Path) -> None:
    job = Job(1, "m", TASK.id, "diagonal-laplace@1", 0)
    outcome = run_job(job, sparse_model.path, BlobStore(f"file://{tmp_path / 'blobs'}"))
    values = {row.metric: row.value for row in outcome.results if not row.condition}
    total, disagreement = values["predictive-entropy@1"], values["mutual-information@1"]
    assert total is not None
    assert disagreement is not None
    assert 0 < disagreement < total
    assert {record.sparsity_after for record in outcome.predictions} == {outcome.predictions[0].sparsity_before}


def test_the_prior_with_the_best_validation_likelihood_is_used(sparse_model: ModelFolder) -> None:
    both = DiagonalLaplace(QUICK).run(_subject(sparse_model), TASK, 0, 1)
    alone = [
        DiagonalLaplace(replace(QUICK, prior_precisions=(each,))).run(_subject(sparse_model), TASK, 0, 1)
        for each in QUICK.prior_precisions
    ]
    assert both.notes["validation_nll"] == [found.notes["validation_nll"][0] for found in alone]
    best = int(np.argmin(both.notes["validation_nll"]))
    assert both.notes["prior_precision"] == QUICK.prior_precisions[best]
    np.testing.assert_array_equal(both.logits[""].values, alone[best].logits[""].values)


def test_other_classes_are_refused(sparse_model: ModelFolder) -> None:
    model = load_model(sparse_model.path, 7, 0)
    subject = Subject(model, sparse_model.config.classifier, sparse_model.config.preprocessing)
    with pytest.raises(BadModelError, match="has 5 classes, the checkpoint predicts 7"):
        DiagonalLaplace(QUICK).run(subject, TASK, 0, 1)


def test_under_a_prior_that_forbids_everything_else_it_is_the_published_model(sparse_model: ModelFolder) -> None:
    narrow = DiagonalLaplace(replace(QUICK, prior_precisions=(1e14,))).run(_subject(sparse_model), TASK, 0, 1)
    published = AsPublished().run(_subject(sparse_model), TASK, 0, 1)
    ours, theirs = (found.logits[""].softmax().values for found in (narrow, published))
    assert ours == pytest.approx(theirs, abs=1e-5)
