"""Pages of published numbers: tables of a sensible size, remarks in sight, and what is known of engines."""

import re
from collections import Counter
from dataclasses import replace

from model_folders import CONFIG, arrays
from starlette.testclient import TestClient

from leaderboard.catalogue import Catalogue
from leaderboard.engines_of import engine_rows, timm_sentence
from leaderboard.pages.task import task_context
from registry.catalogue_entries import checkpoint_record
from registry.records import ArchitectureRecord
from zoo.checkpoint.dtypes import from_numpy
from zoo.checkpoint.engines import engines
from zoo.checkpoint.passport import measure_tensors

RESNET = ArchitectureRecord(
    name="resnet50", title="ResNet-50", input_size=(3, 224, 224), timm_name="resnet50", source="timm"
)


def test_architectures_with_few_results_share_a_table_and_no_result_is_lost(reported: Catalogue) -> None:
    boards = task_context(reported, "imagenet@timm").boards
    mixed = Counter(board.protocol for board in boards if board.mixed)
    assert set(mixed.values()) == {1}
    for board in boards:
        assert board.mixed or len(board.lines) >= 4 or board.protocol not in mixed
    assert Counter(line.protocol for board in boards for line in board.lines).total() == 162
    for board in boards:
        values = [line.value for line in board.lines if line.value is not None]
        assert values == sorted(values, reverse=True)
        assert board.mixed == (len({line.model.architecture for line in board.lines}) > 1)
        assert len({line.protocol for line in board.lines}) == 1


def test_a_method_outside_the_boards_leads_to_its_models(clients: dict[str, TestClient]) -> None:
    page = clients["reported"].get("/methods/edge-popup").text
    assert "None of them was measured on the tasks of a board" in page
    found = re.search(r'<a href="(/models\?q=[^"]+)">All (\d+) of them</a>', page)
    assert found is not None
    assert f"{found[2]} models fit." in clients["reported"].get(found[1]).text


def test_a_caution_stands_on_the_page_of_its_task(clients: dict[str, TestClient]) -> None:
    page = clients["reported"].get("/tasks/imagenet-c@testbed").text
    assert "CAUTION: the stored images of 224 pixels were resized" in page
    assert 'href="/tasks/imagenet@testbed"' in page


def test_the_address_licence_and_command_stand_on_the_page_of_a_model(clients: dict[str, TestClient]) -> None:
    page = clients["reported"].get("/models/ac-dc/resnet50/0.90").text
    for words in ("https://seafile.ist.ac.at/d/91de9650cfb54b77b7d1/", "Apache-2.0", "unverified", "prunarium import"):
        assert words in page


def test_engines_are_judged_from_what_the_catalogue_counted() -> None:
    passport = measure_tensors([from_numpy(name, values) for name, values in arrays().items()], CONFIG)
    record = checkpoint_record(CONFIG, passport)
    assert engine_rows(record) == engines(passport) != ()
    assert engine_rows(None) == engine_rows(replace(record, encodings=None)) == ()


def test_timm_is_spoken_of_only_where_the_zoo_described_the_architecture() -> None:
    passport = measure_tensors([from_numpy(name, values) for name, values in arrays().items()], CONFIG)
    record = checkpoint_record(CONFIG, passport)
    assert timm_sentence(RESNET, record) == "yes: timm builds it as resnet50"
    assert str(timm_sentence(replace(RESNET, timm_name=None), record)).startswith("no: ")
    assert timm_sentence(replace(RESNET, source=None), record) is None
    assert timm_sentence(RESNET, None) is None
