"""No request may send more than a form's worth: the site takes names. Workers alone send files, with their token."""

import re
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_BODY_BYTES: Final = 64 * 1024
# Predictions of 50,000 images and 1,000 classes are about 100 MB.
MAX_FILE_BYTES: Final = 512 * 2**20
MAX_DELIVERY_BYTES: Final = 16 * 2**20
_LARGER: Final = (
    (re.compile(r"/api/v1/work/jobs/\d+/\d+/files/[0-9a-f]{64}"), MAX_FILE_BYTES),
    (re.compile(r"/api/v1/work/jobs/\d+/\d+/(deliver|missing)"), MAX_DELIVERY_BYTES),
)


class BodyLimit:
    """Refuses a longer body with 413, announced or not, as soon as it is one."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        taken, most = 0, _limit(scope.get("path", ""))

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > most:
                raise HTTPException(413, f"A request may have {most} bytes.")
            return message

        await self.app(scope, counted, send)


def _limit(path: str) -> int:
    return next((most for pattern, most in _LARGER if pattern.fullmatch(path)), MAX_BODY_BYTES)
