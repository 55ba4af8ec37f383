"""Recipes: later tables win, unknown keys are errors, every method has one."""

from importlib.resources import files

import pytest

from zoo.architectures import ARCHITECTURES
from zoo.core.errors import UsageError
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
        ({"shared": {"epochs": 1, "speed": 1}}, "TrainConfig has no speed"),
        ({"shared": {"epochs": 1}, "methods": {"gmp": {"config": {"no": 1}}}}, "GMPConfig has no no"),
    ],
)
def test_unknown_keys_are_errors(document: dict[str, dict[str, object]], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        parse_recipe(document, "gmp", {})


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "architecture",
    [entry.name.removesuffix(".toml") for entry in files("zoo.recipes").iterdir() if ".toml" in entry.name],
)
def test_every_recipe_file_serves_every_method(architecture: str, method: str) -> None:
    recipe = load_recipe(architecture, method, seed=5)
    assert architecture in ARCHITECTURES
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


def test_an_architecture_without_a_recipe_is_one_clear_error() -> None:
    with pytest.raises(UsageError, match=r"no recipe for the architecture 'resnet50'.\nThere are: resnet8-digits"):
        load_recipe("resnet50", "gmp")
