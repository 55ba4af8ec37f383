"""What a server said of single models, for the days without a connection: a pulled model can be pulled again."""

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

from zoo.core.errors import PrunariumError
from zoo.core.files import write_bytes


class Memory:
    """The last answer of one server to each question, in files of a folder."""

    def __init__(self, folder: Path, server: str) -> None:
        self._folder = folder / _digest(server)

    def keep(self, question: str, answer: Any) -> None:
        """Write an answer down; where that cannot be done, it is not needed either."""
        with suppress(OSError, PrunariumError):
            write_bytes(self._file(question), json.dumps(answer).encode())

    def recall(self, question: str) -> Any | None:
        """The last answer; None where there was none or its file is damaged."""
        try:
            return json.loads(self._file(question).read_bytes())
        except (OSError, ValueError, RecursionError):
            return None

    def _file(self, question: str) -> Path:
        return self._folder / f"{_digest(question)}.json"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
