"""Recipes: how networks are trained and pruned.

Two kinds, both TOML, both strict about their keys:

* ``*.toml`` here: settings of our own for one or several architectures and every method (:func:`load_recipe`);
* ``published/<name>.toml``: what a paper ran, with its source (:func:`published`).
"""

from ._architectures import load_recipe, parse_recipe
from ._published import Published, published, published_names
from ._recipe import Recipe, parse_settings

__all__ = ["Published", "Recipe", "load_recipe", "parse_recipe", "parse_settings", "published", "published_names"]
