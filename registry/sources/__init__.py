"""Which catalogue answers a question; commands and Python calls ask one :class:`Source` and never a database."""

from .choose import choose_source, chosen_source, server_login
from .local import LocalSource
from .remote import Me, RemoteSource
from .snapshot import SnapshotSource
from .source import Entry, Holding, Source
from .submitted import JobView, SubmissionList, SubmissionRequest, SubmissionStatus, SubmissionView, Submitted

__all__ = [
    "Entry",
    "Holding",
    "JobView",
    "LocalSource",
    "Me",
    "RemoteSource",
    "SnapshotSource",
    "Source",
    "SubmissionList",
    "SubmissionRequest",
    "SubmissionStatus",
    "SubmissionView",
    "Submitted",
    "choose_source",
    "chosen_source",
    "server_login",
]
