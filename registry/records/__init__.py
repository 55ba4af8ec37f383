"""What crosses package borders: frozen records without SQLAlchemy, one field per column.

Other rows are named, not numbered: a model by slug or hub id, a task, protocol, shift, suite or metric as
``name@version``. Accuracies and other shares are fractions in [0, 1]; times end in ``_us`` (integer microseconds since
1970, database clock). Fields that the database fills (ids, times) are ``None`` or 0 in a record that is to be written.
"""

from .checkpoints import CheckpointRecord, RevisionRecord
from .models import Availability, MetricMeant, ModelPage, ModelRecord, ModelRow
from .plugins import (
    ArchitectureRecord,
    MethodRecord,
    MetricRecord,
    ProtocolRecord,
    ShiftRecord,
    SuiteRecord,
    TaskRecord,
)
from .results import PredictionRecord, ResultRecord, Trust
from .work import (
    FailureKind,
    JobRecord,
    JobState,
    SubmissionKind,
    SubmissionRecord,
    SubmissionState,
    TransitionRecord,
    Visibility,
)

__all__ = [
    "ArchitectureRecord",
    "Availability",
    "CheckpointRecord",
    "FailureKind",
    "JobRecord",
    "JobState",
    "MethodRecord",
    "MetricMeant",
    "MetricRecord",
    "ModelPage",
    "ModelRecord",
    "ModelRow",
    "PredictionRecord",
    "ProtocolRecord",
    "ResultRecord",
    "RevisionRecord",
    "ShiftRecord",
    "SubmissionKind",
    "SubmissionRecord",
    "SubmissionState",
    "SuiteRecord",
    "TaskRecord",
    "TransitionRecord",
    "Trust",
    "Visibility",
]
