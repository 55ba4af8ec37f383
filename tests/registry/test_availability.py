"""How one gets a checkpoint: one answer per row, the same for the command line, a pull's refusal and the site."""

import shlex
from dataclasses import replace
from typing import get_args

import pytest
from sqlalchemy import Engine

from prunarium import cli
from registry import queries
from registry.availability import Access, explanation, facts_of, how_to_get
from registry.db.session import session_scope
from registry.records import Availability, ModelRecord
from zoo.importers import IMPORTERS

MODEL = ModelRecord(
    slug="gmp/resnet50/0.90", title="", owner="somebody", method="gmp", architecture="resnet50", sparsity_target=0.9,
    availability="hub",
)  # fmt: skip
OFFERED = replace(
    MODEL, availability="import", availability_detail="converted by hand", source_url="https://example.org/x.pth",
    source_licence="MIT", recipe="prunarium import FILE --architecture resnet50",
)  # fmt: skip


@pytest.fixture(scope="module")
def models(reported_catalogue: Engine) -> dict[str, ModelRecord]:
    with session_scope(reported_catalogue) as session:
        return {model.name: model for model in queries.list_models(session)}


def test_every_published_row_says_how_to_get_it_or_why_not(models: dict[str, ModelRecord]) -> None:
    kinds = set()
    for model in models.values():
        access = how_to_get(model)
        kinds.add(access.kind)
        assert access.label
        assert access.sentence.endswith(".")
        assert access.summary
        if access.kind == "import":
            assert str(access.address).startswith("https://")
            assert (access.licence is None) == (model.owner == "RobustBench"), model.name  # each has its own there
            assert access.sha256 is None
            # Either a command, or what to give to it, or the reason why there is none.
            told = ("yet", "no importer", "to be imported with --architecture")
            assert access.commands or any(words in access.sentence for words in told), model.name
        elif access.kind == "unknown":
            assert "numbers are from github.com/" in access.sentence
    assert kinds == {"import", "not_redistributable", "unknown"}


def test_rigl_names_the_architecture_that_takes_its_files(models: dict[str, ModelRecord]) -> None:
    rigl = [model for model in models.values() if model.method.startswith("rigl") and model.availability == "import"]
    assert len(rigl) == 33
    for model in rigl:
        access = how_to_get(model)
        layout = "rigl" if "TensorFlow 1" in access.sentence or model.architecture == "mobilenetv1" else "rigl-port"
        (command,) = access.commands
        taken = command.split("--architecture ")[1].split()[0]
        assert taken in IMPORTERS[layout].architectures
        assert (taken == model.architecture) == (model.architecture == "mobilenetv1")
        assert ("pads asymmetrically" in access.sentence) == (model.architecture == "resnet50")
        if "gresearch" in str(model.source_url) or model.owner == "google-research":
            assert "TensorFlow 1" in access.sentence


def test_commands_of_published_rows_are_real_ones(models: dict[str, ModelRecord]) -> None:
    """Each parses with the command line's own parser, and names an architecture that the zoo has."""
    from zoo.architectures import ARCHITECTURES

    recipes = [model.recipe for model in models.values() if model.recipe is not None]
    assert len(recipes) > 70
    command = cli.load_command("import", cli.COMMANDS["import"])
    for recipe in recipes:
        program, name, *arguments = shlex.split(recipe)
        assert (program, name) == ("prunarium", "import")
        asked = command.make_context(name, [*arguments, "--out", "folder"]).params
        assert asked["architecture"] in ARCHITECTURES
        if asked["slug"] is None:  # it would have to name the architecture of the row, which takes no such file
            assert asked["architecture"] in ("resnet50-tf", "mobilenetv1")
        else:
            assert models[asked["slug"]].recipe == recipe
            assert models[asked["slug"]].architecture == asked["architecture"]
    importable = {model.architecture for model in models.values() if model.recipe and model.owner == "huggingface"}
    timms = {model.architecture for model in models.values() if model.owner == "huggingface"}
    assert importable == timms & set(ARCHITECTURES)


def test_each_kind_has_its_words() -> None:
    made = replace(MODEL, availability="make", recipe="prunarium zoo prune --method gmp")
    by_kind: dict[str, Access] = {
        "hub": how_to_get(MODEL),
        "import": how_to_get(OFFERED),
        "make": how_to_get(made),
        "not_redistributable": how_to_get(replace(MODEL, availability="not_redistributable")),
        "unknown": how_to_get(replace(MODEL, availability="unknown")),
    }
    assert set(by_kind) == set(get_args(Availability))
    assert by_kind["hub"].commands[0] == "prunarium pull gmp/resnet50/0.90"
    assert by_kind["import"].summary == OFFERED.recipe
    assert by_kind["make"].commands == (made.recipe,)
    assert [kind for kind, access in by_kind.items() if access.can_be_had] == ["hub", "import", "make"]
    assert how_to_get(MODEL, published=False).commands == ()


def test_a_hash_that_nobody_computed_is_called_unverified() -> None:
    assert facts_of(how_to_get(OFFERED))["SHA-256"].startswith("unverified")
    pinned = how_to_get(replace(OFFERED, source_sha256="ab" * 32))
    assert facts_of(pinned)["SHA-256"] == "ab" * 32
    assert facts_of(how_to_get(MODEL)) == {}


def test_an_explanation_ends_with_what_to_type() -> None:
    assert explanation(how_to_get(OFFERED)).splitlines()[-1] == f"Then: {OFFERED.recipe}"
    assert "prunarium search" in explanation(how_to_get(replace(MODEL, availability="unknown")))


@pytest.mark.parametrize(
    ("slug", "told"),
    [
        ("ac-dc/resnet50/0.90", ("seafile.ist.ac.at", "Apache-2.0", "unverified", "prunarium import FILE")),
        ("rigl/resnet50/0.90-ls", ("github.com/google-research/rigl", "TensorFlow 1", "Then: prunarium import FILE")),
        ("woodfisher/resnet50/0.90", ("No licence file", "prunarium search")),
        ("dense/resnet50/0.00", ("not known", "github.com/IST-DASLab/sparse-imagenet-transfer")),
    ],
)
def test_pull_of_a_row_that_cannot_be_pulled_explains_it(
    slug: str,
    told: tuple[str, ...],
    reported_catalogue: Engine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PRUNARIUM_DATABASE_URL", reported_catalogue.url.render_as_string(hide_password=False))
    monkeypatch.delenv("PRUNARIUM_URL", raising=False)
    assert cli.run(["pull", slug]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert f"{slug} is on no hub" in shown.err
    for words in told:
        assert words in shown.err
