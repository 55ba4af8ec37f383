"""The commands about receipts: make a key, sign what was measured, check what somebody signed."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from zoo.core.console import emit_json, say
from zoo.core.errors import UsageError

from .cli_history import AsJson

if TYPE_CHECKING:
    import benchmark.receipt_check
    import registry.receipts

_SHOWN = 4

KeyFile = Annotated[
    Path | None, typer.Option("--key-file", help="The private key.  [default: receipt-key.pem in PRUNARIUM_HOME]")
]


def keygen(key_file: KeyFile = None, as_json: AsJson = False) -> None:
    """Make the key that receipts are signed with, once, and print its public half: publish that."""
    from registry.receipts import make_key

    path = _key_path(key_file)
    public = make_key(path).public
    if as_json:
        emit_json({"key": str(public), "id": public.id, "file": str(path)})
        return
    typer.echo(str(public))
    say(f"Key {public.id}; the private half is in {path} (mode 0600) and stays there.")


def receipt(
    model: Annotated[str, typer.Argument(help="Slug or hub id.")],
    task: Annotated[str | None, typer.Option("--task", help="One task, as name@version or name; else all.")] = None,
    protocol: Annotated[str | None, typer.Option("--protocol", help="One protocol; else all.")] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="One seed; else all.")] = None,
    out: Annotated[Path, typer.Option("--out", help="Folder to write into.")] = Path("receipts"),
    key_file: KeyFile = None,
    as_json: AsJson = False,
) -> None:
    """Write a signed receipt of each finished evaluation of a model."""
    from .receipt_files import write_receipts

    written = write_receipts(model, out, _key_path(key_file), task=task, protocol=protocol, seed=seed)
    if as_json:
        emit_json([{"file": str(path), **made.to_json()} for path, made in written])
        return
    say(f"{len(written)} receipts in {out}, signed with key {_id(written[0][1])}. Check one:")
    say(f"  prunarium benchmark verify {written[0][0]}")


def verify(
    file: Annotated[Path, typer.Argument(help="A receipt.")],
    key: Annotated[
        list[str] | None,
        typer.Option("--key", help="A public key to trust: ed25519:HEX, a file of it, or a server's address."),
    ] = None,
    files: Annotated[
        str | None, typer.Option("--files", help="Folder of prediction files, named by their SHA-256, or a server.")
    ] = None,
    weights: Annotated[Path | None, typer.Option("--weights", help="The model's folder, to hash its weights.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check a receipt: signature, hashes, and every number scored again from the predictions. No torch, no GPU.

    Trusted are the keys that are named, and the one of this PRUNARIUM_HOME. Exits with 1 unless the receipt holds.
    """
    from .receipt_files import verify_file

    where = files if files is None or files.startswith(("http://", "https://")) else Path(files)
    report = verify_file(file, key or (), files=where, weights=weights)
    if as_json:
        emit_json(report.to_json())
    else:
        _say(report)
    if not report.holds:
        raise typer.Exit(1)


def _say(report: "benchmark.receipt_check.ReceiptReport") -> None:
    of = report.evaluated
    say(f"{of['model']} on {of['task']} by {of['protocol']}, seed {of['seed']}")
    say(_SIGNED[report.signed].format(id=report.key_id, key=report.key))
    right = [check.what for check in report.checks if check.state == "right"]
    if right:
        say(
            f"Right: {', '.join(right[:_SHOWN])}"
            + (f" and {len(right) - _SHOWN} more." if len(right) > _SHOWN else ".")
        )
    for check in report.checks:
        if check.state == "not checked":
            say(f"Not checked: {check.what}: {check.detail}")
    if report.first_difference is not None:
        say(f"It does not hold: {report.first_difference.what}: {report.first_difference.detail}.")
    elif report.holds:
        say("It holds, as far as it could be checked.")


_SIGNED = {
    "known": "Signed with key {id}, which you trust.",
    "unknown key": (
        "Signed with key {id}, which you do not know: anybody can make a key. If it is the one that who measured told "
        "you, name it:\n  --key {key}"
    ),
    "bad": "The signature is not that of key {id}: the receipt was changed, or never signed with it.",
    "none": "It is not signed.",
}


def _key_path(key_file: Path | None) -> Path:
    from registry.receipts import KEY_FILE
    from registry.settings import load_settings

    return load_settings().home / KEY_FILE if key_file is None else key_file


def _id(made: "registry.receipts.Receipt") -> str:
    if made.key is None:
        raise UsageError("This receipt is not signed.")
    return made.key.id
