"""The rows of a run as files: CSV always, TensorBoard's event files on request."""

import csv
from collections.abc import Sequence
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from ..core.errors import UsageError
from ..core.files import atomic_file
from .rows import Row

METRICS = "metrics.csv"


def write_csv(path: Path, rows: Sequence[Row]) -> None:
    """All rows so far under the names of :class:`Row`'s fields, the whole file at once; an empty cell is not known."""
    with atomic_file(path, shared=True) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [field.name for field in fields(Row)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(asdict(row) for row in rows)


class EventFiles:
    """TensorBoard's files in ``folder``; rows after ``resumed_at`` that a killed run left are taken back.

    Raises :class:`UsageError` where the package tensorboard is not installed.
    """

    def __init__(self, folder: Path, resumed_at: int) -> None:
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise UsageError(
                "Event files need the package tensorboard, which is not installed.",
                "pip install tensorboard; without --tensorboard the same numbers are in metrics.csv.",
            ) from error
        self._writer: Any = SummaryWriter(str(folder), purge_step=resumed_at + 1)

    def add(self, row: Row) -> None:
        """Write one row, each number under its name."""
        for name, value in asdict(row).items():
            if value is not None and name != "step":
                self._writer.add_scalar(name, value, row.step)
        self._writer.flush()

    def close(self) -> None:
        """Finish the file."""
        self._writer.close()
