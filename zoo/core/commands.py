"""How every group of commands is made, so that all help pages look alike and errors pass through to the front door."""

import typer


def command_group(summary: str = "") -> typer.Typer:
    """A group of commands (or the wrapping of a single one): plain help, no completion scripts, no own tracebacks."""
    return typer.Typer(
        help=summary,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
