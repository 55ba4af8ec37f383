"""Empty databases for tests: SQLite files, and PostgreSQL from a server of our own behind a socket file."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from itertools import count
from pathlib import Path

from optional import need
from sqlalchemy import make_url, text

from registry.db.schema import upgrade
from registry.db.session import make_engine


class PostgresServer:
    """A throw-away server; ``url(name)`` addresses one of its databases."""

    def __init__(self) -> None:
        self._binaries = _binaries()
        # A socket's path may have 107 characters: pytest's own folders are too long.
        self._folder = Path(tempfile.mkdtemp(prefix="prunarium-pg-", dir="/tmp"))
        self._user = _unprivileged_user()
        if self._user:
            shutil.chown(self._folder, self._user)
        self._numbers = count()
        self._run(
            "initdb", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C", "-U", "prunarium", "-D", self._data
        )
        # Durability is not under test here, and the machine may be small.
        options = f"-c listen_addresses='' -k {self._folder} -c fsync=off -c shared_buffers=32MB -c max_connections=60"
        self._run("pg_ctl", "-D", self._data, "-l", str(self._folder / "log"), "-w", "-o", options, "start")

    @property
    def _data(self) -> str:
        return str(self._folder / "data")

    def url(self, database: str) -> str:
        """The address of a database of this server."""
        return f"postgresql://prunarium@/{database}?host={self._folder}"

    def create(self, template: str = "template0", *, language: str | None = None) -> str:
        """Create a database, whose texts are ordered by bytes or as in a language; returns its address."""
        name = f"test_{next(self._numbers)}"
        order = f"locale_provider icu icu_locale '{language}' locale 'C.UTF-8'" if language else ""
        self._execute(f"create database {name} template {template} {order}")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Remove a database: each one is megabytes of files."""
        self._execute(f"drop database {make_url(url).database} with (force)")

    def _execute(self, statement: str) -> None:
        engine = make_engine(self.url("postgres"))
        try:
            with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.execute(text(statement))
        finally:
            engine.dispose()

    def stop(self) -> None:
        """End the server at once and remove its files."""
        self._run("pg_ctl", "-D", self._data, "-m", "immediate", "stop")
        shutil.rmtree(self._folder, ignore_errors=True)

    def _run(self, program: str, *arguments: str) -> None:
        command: Sequence[str] = [str(self._binaries / program), *arguments]
        if self._user:
            command = [str(_runuser()), "-u", self._user, "--", *command]
        done = subprocess.run(command, capture_output=True, text=True, cwd="/", check=False)
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed: {done.stderr or done.stdout}")


def migrated_sqlite(path: Path) -> Path:
    """A SQLite catalogue with the current schema and no rows."""
    engine = make_engine(f"sqlite:///{path}")
    upgrade(engine)
    engine.dispose()
    return path


def _binaries() -> Path:
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    on_path = shutil.which("initdb")
    need("postgres", bool(found) or on_path is not None, "PostgreSQL server binaries")
    return found[-1].parent if found else Path(str(on_path)).parent


def _runuser() -> str | None:
    """Beside root's programs, which a user's PATH may leave out."""
    return shutil.which("runuser", path=os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/sbin"]))


def _unprivileged_user() -> str | None:
    """initdb refuses root: the account to run it as, or None when we are not root."""
    if os.geteuid() != 0:
        return None
    accounts = {entry.pw_name for entry in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in accounts and _runuser():
            return name
    need("postgres", False, "an account postgres or nobody, because PostgreSQL refuses to run as root")
    return None
