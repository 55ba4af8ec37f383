"""``prunarium compare --with``: print and save the public board with a private model on it."""

from pathlib import Path

from registry.db.schema import open_catalogue
from registry.db.session import session_scope
from registry.reported import load_reported
from registry.settings import load_settings
from zoo.core.console import emit_json, emit_table, say
from zoo.core.errors import UsageError

from .answers import board_answer
from .catalogue import CatalogueCache
from .overlay import overlay, overlay_page
from .private_results import read_private
from .terminal import text_columns, text_rows


def compare_with(
    path: Path,
    *,
    suite: str | None,
    architecture: str | None,
    sparsity: str | None,
    parent: str | None,
    save: Path | None,
    as_json: bool,
) -> None:
    """``sparsity`` is that of the model, or ``all`` for the board over all sparsities.

    Nothing leaves this machine: the board is that of the local catalogue, with the published rows.
    """
    engine = open_catalogue(load_settings(), create=True)
    with session_scope(engine, write=True) as session:
        load_reported(session)
    catalogue = CatalogueCache(engine).current()
    every = sparsity == "all"
    private = read_private(
        catalogue, path, architecture=architecture, sparsity=None if every else _fraction(sparsity), parent=parent
    )
    found = overlay(catalogue, private, suite=suite, every_sparsity=every)
    if save is not None:
        try:
            save.write_text(overlay_page(found), encoding="utf-8")
        except OSError as error:
            raise UsageError(f"{save} cannot be written: {error.strerror}.", "Give another file.") from error
        say(f"Wrote {save}")
    if as_json:
        emit_json(board_answer(found.board, catalogue.version).model_dump(mode="json"))
        return
    for sentence in found.sentences:
        say(sentence)
    emit_table(
        f"{private.model.title}, among the rows of {found.board.suite_ref}",
        text_rows(found.board),
        text_columns(found.board),
    )


def _fraction(text: str | None) -> float | None:
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        raise UsageError(f"A sparsity is a fraction such as 0.9, or all; not {text!r}.", "--sparsity 0.9") from None
