"""Addresses and tokens that the server can recognise as its own: claims, an expiry and an HMAC over both."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

from .errors import ForbiddenError


class Signer:
    """Seals claims for one purpose; a seal for one purpose opens nothing else."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def seal(self, purpose: str, claims: dict[str, Any], seconds: int) -> str:
        """URL-safe text that :meth:`unseal` accepts for ``seconds`` from now."""
        content = json.dumps(claims | {"exp": unix_seconds() + seconds}, separators=(",", ":"), sort_keys=True)
        payload = base64.urlsafe_b64encode(content.encode()).rstrip(b"=")
        return f"{payload.decode()}.{self._mac(purpose, payload)}"

    def unseal(self, purpose: str, sealed: str) -> dict[str, Any]:
        """The claims; raises :class:`ForbiddenError` when they are not ours, not for this, or too old."""
        payload, _, mac = sealed.partition(".")
        ours = self._mac(purpose, payload.encode(errors="replace"))
        # Bytes, because compare_digest refuses text outside ASCII.
        if not hmac.compare_digest(ours.encode(), mac.encode(errors="replace")):
            raise ForbiddenError("The signature is not valid.")
        claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        if claims["exp"] < unix_seconds():
            raise ForbiddenError("The signature has expired.", "Ask for a new upload address.")
        return claims

    def _mac(self, purpose: str, payload: bytes) -> str:
        return hmac.new(self._key, purpose.encode() + b"\n" + payload, hashlib.sha256).hexdigest()


def unix_seconds() -> int:
    """Whole seconds since 1970 by this machine's clock."""
    return int(time.time())
