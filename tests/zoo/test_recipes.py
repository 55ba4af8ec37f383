"""Recipes: later tables win, unknown keys are errors, every method has one."""

from importlib.resources import files

import pytest

from zoo.architectures import ARCHITECTURES
from zoo.core.errors import PrunariumError, UsageError
from zoo.methods import METHODS
from zoo.methods.gmp import GMPConfig
from zoo.methods.rigl import RigLConfig
from zoo.recipes import load_recipe, parse_recipe

DOCUMENT = {
    "shared": {"epochs": 1, "batch_size": 8},
    "scratch": {"epochs": 2},
    "dense parent": {"epochs": 3},
    "methods": {"gmp": {"epochs": 4, "config": {"updates": 5}}},
}


def test_later_tables_win() -> None:
    assert parse_recipe(DOCUMENT, "random", {}).train.epochs == 2
    recipe = parse_recipe(DOCUMENT, "gmp", {})
    assert (recipe.train.epochs, recipe.train.batch_size) == (4, 8)
    assert recipe.method.config == GMPConfig(updates=5)
    assert parse_recipe(DOCUMENT, "gmp", {"epochs": 9, "seed": 2, "learning_rate": None}).train.epochs == 9


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"other": {}}, "Unknown tables in a recipe: other"),
        ({"shared": {"epochs": 1, "speed": 1}}, "there is no setting speed"),
        ({"shared": {"epochs": 1}, "methods": {"gmp": {"config": {"no": 1}}}}, "there is no setting no"),
    ],
)
def test_unknown_keys_are_errors(document: dict[str, dict[str, object]], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_recipe(document, "gmp", {})


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "architecture", ["resnet8-digits", "lenet-300-100", "resnet50", "mobilenetv1", "vit_base_patch16_224"]
)
def test_every_recipe_file_serves_every_method(architecture: str, method: str) -> None:
    recipe = load_recipe(architecture, method, seed=5)
    assert recipe.train.seed == 5
    assert isinstance(recipe.method, METHODS[method])


def test_the_digits_recipe_reaches_rigl() -> None:
    assert load_recipe("resnet8-digits", "rigl").method.config == RigLConfig(interval=10, drop=0.1, accumulation=7)


def test_networks_from_scratch_and_from_a_parent_see_the_data_equally_often() -> None:
    epochs = {name: load_recipe("resnet8-digits", name).train.epochs for name in METHODS}
    for name, method in METHODS.items():
        if name != "dense":
            before = epochs["dense"] if method.facts.starts_from == "dense parent" else 0
            assert before + epochs[name] == 50, name


def test_every_architecture_has_a_recipe_and_every_file_an_architecture() -> None:
    there = {entry.name.removesuffix(".toml") for entry in files("zoo.recipes").iterdir() if ".toml" in entry.name}
    assert {entry.recipe for _, entry in ARCHITECTURES.items()} == there
    assert len({load_recipe(name, "gmp").train for name in ("resnet50", "convnext_tiny", "lenet-5")}) == 3


@pytest.mark.parametrize("architecture", ["resnet50", "deit_small_patch16_224", "lenet-5"])
@pytest.mark.parametrize("method", ["dense", "gmp"])
@pytest.mark.parametrize("epochs", [0, 2])
def test_a_recipe_may_be_cut_to_any_number_of_epochs(architecture: str, method: str, epochs: int) -> None:
    whole, cut = load_recipe(architecture, method).train, load_recipe(architecture, method, epochs=epochs).train
    assert cut.epochs == epochs
    if epochs:  # what is halfway through the one is halfway through the other
        assert cut.rate(500, 1000) == pytest.approx(whole.rate(500, 1000))


def test_an_unknown_architecture_is_one_clear_error() -> None:
    with pytest.raises(PrunariumError, match="Did you mean 'resnet50'"):
        load_recipe("resnet05", "gmp")
