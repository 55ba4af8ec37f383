"""What a Prunarium server publishes for receipts: its key, and the predictions."""

from dataclasses import dataclass

import httpx

from ..errors import ServerAnswerError, ServerUnavailableError
from ..server_address import ServerAddress
from ..sources.transport import Transport
from .document import PredictionFile
from .keys import PublicKey

PATH = "receipt-key"
_SECONDS = 60.0


@dataclass(frozen=True)
class PublishedKey:
    """The answer at ``/api/v1/receipt-key``; ``key`` is written ``ed25519:<hex>``, ``id`` follows from it."""

    algorithm: str
    key: str
    id: str


def published_key(address: str) -> PublicKey:
    """Ask the server at ``address``. Raises :class:`~registry.errors.ServerError` and its kin."""
    answer = Transport(ServerAddress.parse(address), lambda: None).get(PATH, PublishedKey)
    return PublicKey.parse(answer.key)


def published_predictions(address: str, file: PredictionFile) -> bytes:
    """The file of predictions from the server at ``address``, of the size that the receipt states and no more.

    Whether it is the right one, its hash says. Raises :class:`~registry.errors.ServerError` and its kin.
    """
    server, data = ServerAddress.parse(address), bytearray()
    try:
        with httpx.stream("GET", f"{server}/api/v1/predictions/{file.sha256}", timeout=_SECONDS) as response:
            if response.status_code != 200:
                raise ServerAnswerError(f"{server} has no predictions {file.sha256}.")
            for part in response.iter_bytes():
                data += part
                if len(data) > file.size_bytes:
                    raise ServerAnswerError(f"{server} sends more than the {file.size_bytes:,} bytes that were stated.")
    except httpx.HTTPError as error:
        raise ServerUnavailableError(f"{server} does not answer: {error}.") from error
    return bytes(data)
