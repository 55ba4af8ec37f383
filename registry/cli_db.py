"""``prunarium db upgrade|check``, on the local catalogue."""

from typing import Annotated

import typer

from zoo.core.commands import command_group
from zoo.core.console import emit_json, say

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

app = command_group("Upgrade and check the catalogue's schema.")


@app.command()
def upgrade(as_json: AsJson = False) -> None:
    """Create the catalogue, or bring an older one to this version's schema."""
    from .db.schema import upgrade as run
    from .db.session import make_engine
    from .settings import load_settings

    settings = load_settings()
    before, after = run(make_engine(settings.database_url))
    if as_json:
        emit_json({"schema_before": before, "schema_after": after, "changed": before != after})
    elif before == after:
        say(f"The catalogue has schema {after} already.")
    else:
        say(f"The catalogue has schema {after} now (before: {before or 'none'}).")


@app.command()
def check(as_json: AsJson = False) -> None:
    """Check that the catalogue fits this version and that its file is sound."""
    from .db.integrity import require_sound
    from .db.schema import check_schema
    from .db.session import make_engine
    from .settings import load_settings

    engine = make_engine(load_settings().database_url)
    version = check_schema(engine)
    require_sound(engine)
    if as_json:
        emit_json({"schema": version, "sound": True})
    else:
        say(f"The catalogue has schema {version} and is sound.")
