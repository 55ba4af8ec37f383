"""A checkpoint is found by its weights, never by a name."""

import shutil
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from benchmark_catalogues import DigitCatalogue, digit_catalogue
from hub_fixture import RunningHub

from benchmark.errors import ModelUnavailableError
from benchmark.sources import folder_source, hub_source
from registry import queries
from registry.db.session import session_scope
from registry.publish import publish
from zoo.checkpoint.folder import ModelFolder
from zoo.core.errors import UsageError


def test_folders_are_found_under_any_name(
    catalogue: DigitCatalogue, digit_models: tuple[ModelFolder, ModelFolder], tmp_path: Path
) -> None:
    for model, name in zip(digit_models, ("b", "a"), strict=True):
        shutil.copytree(model.path, tmp_path / "models" / name)
    (tmp_path / "models" / "notes").mkdir()
    find = folder_source(catalogue.engine, tmp_path / "models")
    assert [find(checkpoint).name for checkpoint in catalogue.checkpoints] == ["b", "a"]


def test_other_weights_under_the_right_name_are_not_taken(
    catalogue: DigitCatalogue, digit_models: tuple[ModelFolder, ModelFolder], tmp_path: Path
) -> None:
    shutil.copytree(digit_models[0].path, tmp_path / "models" / digit_models[1].path.name)
    find = folder_source(catalogue.engine, tmp_path / "models")
    with pytest.raises(ModelUnavailableError, match="None of the 1 model folders"):
        find(catalogue.checkpoints[1])


def test_a_folder_that_is_missing_is_a_mistake_of_the_caller(catalogue: DigitCatalogue, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is no folder"):
        folder_source(catalogue.engine, tmp_path / "missing")


def test_the_newest_revision_is_pulled_from_the_hub_of_its_row(
    hub: RunningHub, digit_models: tuple[ModelFolder, ModelFolder], tmp_path: Path
) -> None:
    publisher = digit_catalogue(tmp_path / "publisher", digit_models[:1])
    publish(
        digit_models[0].path, engine=publisher.engine, endpoint=hub.endpoint, namespace=hub.namespace, token=hub.token
    )
    with session_scope(publisher.engine) as session:
        assert queries.revisions_of(session, publisher.checkpoints[0])
    settings = replace(publisher.settings, hub_endpoint=hub.endpoint)
    path = hub_source(publisher.engine, settings)(publisher.checkpoints[0])
    assert (path / "model.safetensors").read_bytes() == digit_models[0].weights.read_bytes()


def test_a_checkpoint_on_no_hub_says_what_to_do(catalogue: DigitCatalogue) -> None:
    with pytest.raises(ModelUnavailableError, match=r"is on no hub that is asked here\.") as caught:
        hub_source(catalogue.engine, catalogue.settings)(catalogue.checkpoints[0])
    assert "--folders" in (caught.value.hint or "")


def test_a_hub_that_is_not_set_is_not_asked(
    hub: RunningHub, digit_models: tuple[ModelFolder, ModelFolder], tmp_path: Path
) -> None:
    publisher = digit_catalogue(tmp_path / "publisher", digit_models[:1])
    publish(
        digit_models[0].path, engine=publisher.engine, endpoint=hub.endpoint, namespace=hub.namespace, token=hub.token
    )
    with pytest.raises(ModelUnavailableError, match=f"only on {hub.endpoint}"):
        hub_source(publisher.engine, publisher.settings)(publisher.checkpoints[0])


def test_the_token_of_the_hub_that_is_set_is_shown_to_no_other(
    hub: RunningHub, digit_models: tuple[ModelFolder, ModelFolder], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publisher = digit_catalogue(tmp_path / "publisher", digit_models[:1])
    publish(
        digit_models[0].path, engine=publisher.engine, endpoint=hub.endpoint, namespace=hub.namespace, token=hub.token
    )
    shown: list[Any] = []

    def record(_target: str, **options: Any) -> SimpleNamespace:
        shown.append(options["token"])
        return SimpleNamespace(path=tmp_path)

    monkeypatch.setattr("registry.pull.pull", record)
    monkeypatch.setattr("registry.addresses.HUGGING_FACE", hub.endpoint)  # which is asked whatever is set
    for home in (hub.endpoint, "http://127.0.0.1:9"):
        settings = replace(publisher.settings, hub_endpoint=home, hub_token="secret")
        hub_source(publisher.engine, settings)(publisher.checkpoints[0])
    assert shown == ["secret", None]
