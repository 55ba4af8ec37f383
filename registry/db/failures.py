"""What a driver's error means to a user."""

from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError

from ..errors import CatalogueDamagedError, CatalogueError, CatalogueUnavailableError, NotACatalogueError

# (part of the driver's message, what to say, what to do)
_KNOWN = (
    ("database or disk is full", "There is no space left for {place}", "Free some space, then try again."),
    ("No space left on device", "There is no space left for {place}", "Free some space, then try again."),
    ("disk I/O error", "Reading or writing {place} failed", "Check the disk and its free space, then try again."),
    ("readonly database", "{place} cannot be written", "Check its permissions and those of its folder."),
    ("read-only transaction", "{place} cannot be written", "Use an account that may write."),
    ("unable to open database file", "{place} cannot be opened", "Check that the folder exists and may be written."),
    ("database is locked", "{place} is busy", "Another process has been writing for long; try again."),
    ("permission denied", "{place} refuses access", "Grant the account its rights on the schema."),
    ("authentication failed", "{place} refused the name or password", "Check PRUNARIUM_DATABASE_URL."),
    ("does not exist", "{place} cannot be opened", "Create the database, then: prunarium db upgrade"),
    ("resolve host", "{place} cannot be reached", "Check the host in PRUNARIUM_DATABASE_URL."),
    ("connection", "{place} cannot be reached", "Check that it runs and that PRUNARIUM_DATABASE_URL names it."),
)


def unavailable(url: URL, error: DBAPIError) -> CatalogueError:
    """The error to raise in place of ``error``; passwords are left out."""
    place = f"the catalogue {url.render_as_string(hide_password=True)}"
    message = str(error.orig)
    if "file is not a database" in message:
        return NotACatalogueError(
            f"{_capital(place)} is not a database.", "Set PRUNARIUM_DATABASE_URL to another file."
        )
    if "malformed" in message:
        return CatalogueDamagedError(
            f"{_capital(place)} is damaged ({_line(message)}).",
            "Restore a backup: prunarium db restore FILE --replace",
        )
    for part, sentence, hint in _KNOWN:
        if part.lower() in message.lower():
            return CatalogueUnavailableError(f"{_capital(sentence.format(place=place))} ({_line(message)}).", hint)
    return CatalogueUnavailableError(f"{_capital(place)} answered with an error: {_line(message)}.")


def _line(message: str) -> str:
    return message.strip().splitlines()[0].rstrip(".") if message.strip() else "no message"


def _capital(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]
