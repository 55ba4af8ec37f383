"""Which schema a database has, and how it gets the current one."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import DBAPIError

from ..errors import CatalogueUnavailableError, NotACatalogueError, SchemaAheadError, SchemaBehindError
from ..settings import Settings
from .failures import unavailable
from .session import make_engine, reading, sqlite_file

# A name of our own, so that another project's Alembic history is never taken for ours.
VERSION_TABLE = "prunarium_schema_version"
_UPGRADE_LOCK = 0x7072756E  # PostgreSQL advisory lock; any constant of ours


def upgrade(engine: Engine, to: str = "head") -> tuple[str | None, str]:
    """Bring the database to the code's schema (or to an earlier version); returns (version before, version after).

    Two processes may call it at once: the second waits and finds the work done. A failure leaves the old schema.
    Raises :class:`NotACatalogueError` when the database holds other tables, :class:`SchemaAheadError` when it is newer.
    """
    _make_folder(engine)
    try:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": _UPGRADE_LOCK})
            before = _version(connection, engine)
            _refuse_newer(engine, before)
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, to)
            return before, head() if to == "head" else to
    except DBAPIError as error:
        raise unavailable(engine.url, error) from error


def check_schema(engine: Engine) -> str:
    """The database's version, which is the code's.

    Raises :class:`SchemaBehindError` (with the command to type), :class:`SchemaAheadError`,
    :class:`NotACatalogueError` or :class:`CatalogueUnavailableError`.
    """
    version = _version_of_existing(engine)
    if version != head():
        raise SchemaBehindError(
            f"The catalogue {_place(engine)} has schema {version or 'none'}, this code needs {head()}.",
            "Bring it up to date: prunarium db upgrade",
        )
    return head()


def require_catalogue(engine: Engine) -> str:
    """The version of a catalogue that may be older than the code.

    Raises as :func:`check_schema` does, and :class:`NotACatalogueError` for a database without tables.
    """
    version = _version_of_existing(engine)
    if version is None:
        raise NotACatalogueError(f"{_place(engine)} has no tables.", "Create a catalogue: prunarium db upgrade")
    return version


def open_catalogue(settings: Settings, *, create: bool = True) -> Engine:
    """The engine of a catalogue that fits the code.

    A SQLite file that is missing or has no tables is created (unless ``create`` is false); anything older is refused
    with the command to type, because an upgrade is the owner's decision.
    """
    engine = make_engine(settings.database_url)
    if create and not has_catalogue(engine):
        upgrade(engine)
    check_schema(engine)
    return engine


def head() -> str:
    """The newest version that this code knows."""
    return versions()[-1]


@cache
def versions() -> tuple[str, ...]:
    """Every version that this code knows, oldest first. (Reading the migrations takes longer than most questions.)"""
    newest_first = ScriptDirectory.from_config(_config()).walk_revisions()
    known = tuple(script.revision for script in newest_first)[::-1]
    if not known:
        raise CatalogueUnavailableError("This installation has no migrations.", "Install prunarium again.")
    return known


def has_catalogue(engine: Engine) -> bool:
    """Whether there is a database at all (of this version or not); PostgreSQL's is taken to be there.

    A first start that was killed leaves a SQLite file without tables, which counts as none.
    """
    return sqlite_file(engine) is None or not is_empty(engine)


def is_empty(engine: Engine) -> bool:
    """Whether there is no file, or no table in the database."""
    file = sqlite_file(engine)
    if file is not None and not file.exists():
        return True
    try:
        return not inspect(reading(engine)).get_table_names()
    except DBAPIError as error:
        raise unavailable(engine.url, error) from error


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", "registry:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["version_table"] = VERSION_TABLE
    return config


def _version_of_existing(engine: Engine) -> str | None:
    """The version of a database that is there and not newer than the code; None for one without tables."""
    file = sqlite_file(engine)
    if file is not None and not file.exists():
        raise CatalogueUnavailableError(f"There is no catalogue at {file}.", "Create it: prunarium db upgrade")
    try:
        with reading(engine).connect() as connection:
            version = _version(connection, engine)
    except DBAPIError as error:
        raise unavailable(engine.url, error) from error
    _refuse_newer(engine, version)
    return version


def _version(connection: Connection, engine: Engine) -> str | None:
    """The recorded version; None for an empty database."""
    tables = inspect(connection).get_table_names()
    if VERSION_TABLE in tables:
        version: str | None = connection.execute(text(f"select version_num from {VERSION_TABLE}")).scalar()  # noqa: S608
        return version
    if tables:
        raise NotACatalogueError(
            f"{_place(engine)} is a database of something else (tables {', '.join(sorted(tables)[:3])} …).",
            "Set PRUNARIUM_DATABASE_URL to an empty or new database.",
        )
    return None


def _refuse_newer(engine: Engine, version: str | None) -> None:
    if version is not None and version not in versions():
        raise SchemaAheadError(
            f"The catalogue {_place(engine)} has schema {version}, which is newer than this code ({head()}).",
            "Update the code: pip install --upgrade prunarium",
        )


def _place(engine: Engine) -> str:
    file = sqlite_file(engine)
    return str(file) if file is not None else engine.url.render_as_string(hide_password=True)


def _make_folder(engine: Engine) -> None:
    file = sqlite_file(engine)
    if file is None:
        return
    try:
        Path(file).parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CatalogueUnavailableError(
            f"The folder of the catalogue {file} cannot be made: {error.strerror}.",
            "Set PRUNARIUM_HOME to a folder that may be written.",
        ) from error
