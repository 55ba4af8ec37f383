"""A query that finds nothing because of a misspelt value says so, with the nearest value."""

import os
import shutil
from pathlib import Path

import pytest
from sqlalchemy import Engine

from prunarium.cli import run
from registry.db.session import session_scope
from registry.queries import find_models


@pytest.mark.parametrize(
    ("query", "notes"),
    [
        ("method=rigll", ("No model has method=rigll; did you mean rigl?",)),
        ("architecture=ResNet-50 method=rigl", ("No model has architecture=ResNet-50; did you mean resnet50?",)),
        (
            "method=rigll,gmpp architecture=resnet500",
            (
                "No model has method=rigll; did you mean rigl?",
                "No model has method=gmpp; did you mean gmp?",
                "No model has architecture=resnet500; did you mean resnet50?",
            ),
        ),
        (
            "parent=dense/resnet50/0.000",
            ("No model has parent=dense/resnet50/0.000; did you mean dense/resnet50/0.00?",),
        ),
        ("owner=zzzzzz", ("No model has owner=zzzzzz",)),
        # Nothing is misspelt: nothing is guessed.
        ("method=rigl sparsity>=0.999", ()),
        ("RIGL method=RigL sparsity>=0.999", ()),
        ("no-such-word", ()),
        ("acdc", ("No name has acdc; did you mean ac-dc?",)),
        ("ResNet_50 method=rigl", ("No name has ResNet_50; did you mean resnet50?",)),
        ("-acdc method=ac-dc sparsity>=0.999", ()),
        ("method!=rigll sparsity>=0.9999", ()),
        # What is found needs no excuse.
        ("method=rigl,rigll", ()),
    ],
)
def test_notes(reported_catalogue: Engine, query: str, notes: tuple[str, ...]) -> None:
    with session_scope(reported_catalogue) as session:
        page = find_models(session, query)
        assert find_models(session, query, offset=10**6).notes == page.notes
    assert len(page.notes) == len(notes)
    for said, expected in zip(page.notes, notes, strict=True):
        assert said.startswith(expected)
    assert bool(page.total) == (query == "method=rigl,rigll")


def test_the_command_says_so_beside_an_empty_answer(
    reported_catalogue: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    home = Path(os.environ["PRUNARIUM_HOME"])
    home.mkdir(parents=True)
    shutil.copy(str(reported_catalogue.url.database), home / "catalogue.sqlite")
    for arguments in (["--method", "rigll"], ["method=rigll"]):
        assert run(["search", *arguments, "--json"]) == 0
        captured = capsys.readouterr()
        assert captured.out == "[]\n"
        assert "No model has method=rigll; did you mean rigl?" in captured.err
