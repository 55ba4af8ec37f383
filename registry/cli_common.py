"""What the commands about models share: their common options, how they show numbers, and a quiet hub client."""

from typing import Annotated

import typer

from zoo.checkpoint.slug import is_slug, parse_slug

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Namespace = Annotated[str | None, typer.Option(help="Account or organisation on the hub.")]

NEWS = 6  # rows of a listing that says what was done


def percent(fraction: float | None) -> str | None:
    """A fraction with two decimals, or None for an unknown one.

    >>> percent(0.9)
    '90.00%'
    """
    return None if fraction is None else f"{fraction:.2%}"


def count(number: int | None) -> str | None:
    """A count with its thousands set apart, or None for an unknown one.

    >>> count(25557032)
    '25,557,032'
    """
    return None if number is None else f"{number:,}"


def folder_name(name: str) -> str:
    """The folder of a model: what its repository on a hub is called.

    >>> folder_name("gmp/resnet50/0.90"), folder_name("org/name")
    ('gmp-resnet50-0.90', 'name')
    """
    return parse_slug(name).repo_name if is_slug(name) else name.rpartition("/")[2]


def quiet_client() -> None:
    """The hub client draws a bar for every file; one bar over everything says more."""
    from huggingface_hub.utils import disable_progress_bars  # type: ignore[attr-defined]

    disable_progress_bars()
