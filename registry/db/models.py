"""All tables in one namespace; importing this module completes ``Base.metadata``."""

from .account_tables import Account, AuditEvent, QuotaEvent, Token
from .base import Base
from .hub_community_tables import HubAccess, HubDiscussion, HubEvent, HubMember, HubOrganisation
from .hub_tables import HubCommit, HubEntry, HubObject, HubRef, HubRepo, HubStore, HubUpload
from .model_tables import Checkpoint, CheckpointRevision, Model
from .plugin_tables import Architecture, CatalogueState, Method, Metric, Protocol, Recipe, Shift, Suite, Task
from .work_tables import Job, JobAttempt, Prediction, Result, Submission, SubmissionJob, Transition

__all__ = [
    "Account",
    "Architecture",
    "AuditEvent",
    "Base",
    "CatalogueState",
    "Checkpoint",
    "CheckpointRevision",
    "HubAccess",
    "HubCommit",
    "HubDiscussion",
    "HubEntry",
    "HubEvent",
    "HubMember",
    "HubObject",
    "HubOrganisation",
    "HubRef",
    "HubRepo",
    "HubStore",
    "HubUpload",
    "Job",
    "JobAttempt",
    "Method",
    "Metric",
    "Model",
    "Prediction",
    "Protocol",
    "QuotaEvent",
    "Recipe",
    "Result",
    "Shift",
    "Submission",
    "SubmissionJob",
    "Suite",
    "Task",
    "Token",
    "Transition",
]
