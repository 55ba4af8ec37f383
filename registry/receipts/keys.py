"""Ed25519 keys: one to sign with, in a file that its owner alone may read, and public ones to check with."""

import hashlib
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from zoo.core.files import write_bytes

from ..errors import ReceiptError, SigningKeyError

KEY_FILE: Final = "receipt-key.pem"
_PREFIX: Final = "ed25519:"
_KEY: Final = re.compile(r"[0-9a-f]{64}")
_SIGNATURE: Final = re.compile(r"[0-9a-f]{128}")


@dataclass(frozen=True)
class PublicKey:
    """32 bytes as lower-case hex. Written ``ed25519:<hex>``; its ``id`` is short enough to be read aloud."""

    hex: str

    @classmethod
    def from_hex(cls, text: str) -> "PublicKey":
        """Raises :class:`~registry.errors.ReceiptError` for anything but 64 lower-case hex digits."""
        if not _KEY.fullmatch(text):
            raise ReceiptError(f"{text[:80]!r} is no public key: expected 64 hex digits.")
        return cls(text)

    @classmethod
    def parse(cls, text: str) -> "PublicKey":
        """Of ``ed25519:<hex>``, or of the hex digits alone."""
        return cls.from_hex(text.strip().removeprefix(_PREFIX))

    def __str__(self) -> str:
        return _PREFIX + self.hex

    @property
    def id(self) -> str:
        """``k1:`` and 16 hex digits of the key's SHA-256."""
        return f"k1:{hashlib.sha256(bytes.fromhex(self.hex)).hexdigest()[:16]}"

    def verifies(self, signature: str, message: bytes) -> bool:
        """Whether ``signature`` (128 lower-case hex digits) over ``message`` is by this key."""
        if not _SIGNATURE.fullmatch(signature):
            return False
        try:
            Ed25519PublicKey.from_public_bytes(bytes.fromhex(self.hex)).verify(bytes.fromhex(signature), message)
        except (InvalidSignature, ValueError):
            return False
        return True


class SigningKey:
    """The private half; nothing prints it."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    @property
    def public(self) -> PublicKey:
        """The half to publish."""
        return PublicKey(self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw).hex())

    def sign(self, message: bytes) -> str:
        """128 hex digits."""
        return self._key.sign(message).hex()


def make_key(path: Path) -> SigningKey:
    """Make a key in a new file (mode 0600); one that is there is never replaced.

    Raises :class:`~registry.errors.SigningKeyError` where there is one.
    """
    key = Ed25519PrivateKey.generate()
    written = path.with_name(f".{path.name}.{token_hex(4)}")
    write_bytes(written, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    try:
        os.link(written, path)  # unlike a rename, it replaces nothing
    except FileExistsError as error:
        raise SigningKeyError(
            f"There is a key at {path} already.", "Receipts that it signed would be by an unknown key: keep it."
        ) from error
    finally:
        written.unlink()
    return SigningKey(key)


def load_key(path: Path) -> SigningKey:
    """The key of a file. Raises :class:`~registry.errors.SigningKeyError` for none, a damaged or a readable one."""
    try:
        data, mode = path.read_bytes(), stat.S_IMODE(path.stat().st_mode)
    except OSError as error:
        hint = "Make one: prunarium benchmark keygen"
        raise SigningKeyError(f"There is no key to sign with at {path}: {error.strerror}.", hint) from error
    if os.name == "posix" and mode & 0o077:
        raise SigningKeyError(f"Others may read the key {path} (mode {mode:04o}).", f"chmod 600 {path}")
    try:
        key = load_pem_private_key(data, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SigningKeyError(f"{path} is no key: {error}.", "Restore it from a backup.") from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SigningKeyError(f"{path} holds another kind of key: expected Ed25519.")
    return SigningKey(key)
