"""What clients are told that a hub's address is; every address in its answers begins with it."""

from zoo.core.errors import UsageError

from ..server_address import ServerAddress

_ALL_INTERFACES = ("", "0.0.0.0", "::")  # noqa: S104 - told apart, not listened on


def told_address(named: str | None, host: str) -> str | None:
    """The address that the option names, checked and in one spelling; None means host and port.

    Raises :class:`~zoo.core.errors.UsageError` for anything else than an address, and where the host means all of
    them: clients on other machines would be sent to 0.0.0.0, which is themselves.

    >>> told_address("https://hub.example/", "0.0.0.0")
    'https://hub.example'
    """
    if named is not None:
        if not named.isascii():
            raise UsageError(f"{named!r} is no address.", "Write a host outside ASCII as xn--…")
        return str(ServerAddress.parse(named))
    if host in _ALL_INTERFACES:
        raise UsageError(
            f"A hub on {host or 'every interface'} must be told how clients reach it: it answers with addresses.",
            "Give it: --base-url http://NAME-OF-THIS-MACHINE:PORT, or https://… with TLS in front",
        )
    return None
