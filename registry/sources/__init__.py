"""Which catalogue answers a question; commands and Python calls ask one :class:`Source` and never a database."""

from .choose import choose_source
from .local import LocalSource
from .source import Entry, Holding, Source
from .submitted import JobView, SubmissionList, SubmissionStatus, SubmissionView, Submitted

__all__ = [
    "Entry",
    "Holding",
    "JobView",
    "LocalSource",
    "Source",
    "SubmissionList",
    "SubmissionStatus",
    "SubmissionView",
    "Submitted",
    "choose_source",
]
