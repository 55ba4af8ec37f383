"""All tables in one namespace; importing this module completes ``Base.metadata``."""

from .account_tables import Account, AuditEvent, Operator, QuotaEvent, Token
from .base import Base
from .hub_community_tables import HubAccess, HubDiscussion, HubEvent, HubMember, HubOrganisation
from .hub_tables import HubCommit, HubEntry, HubObject, HubRef, HubRepo, HubStore, HubUpload
from .model_tables import Checkpoint, CheckpointRevision, Model, TrainingData
from .plugin_tables import Architecture, CatalogueState, Method, Metric, Protocol, Recipe, Shift, Suite, Task
from .sign_in_tables import Flag, Identity, SignInLink, UseCount, WebSession
from .work_tables import (
    Delivery,
    ImageSet,
    Job,
    JobAttempt,
    Prediction,
    Result,
    Submission,
    SubmissionJob,
    Transition,
    Worker,
)

__all__ = [
    "Account",
    "Architecture",
    "AuditEvent",
    "Base",
    "CatalogueState",
    "Checkpoint",
    "CheckpointRevision",
    "Delivery",
    "Flag",
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
    "Identity",
    "ImageSet",
    "Job",
    "JobAttempt",
    "Method",
    "Metric",
    "Model",
    "Operator",
    "Prediction",
    "Protocol",
    "QuotaEvent",
    "Recipe",
    "Result",
    "Shift",
    "SignInLink",
    "Submission",
    "SubmissionJob",
    "Suite",
    "Task",
    "Token",
    "TrainingData",
    "Transition",
    "UseCount",
    "WebSession",
    "Worker",
]
