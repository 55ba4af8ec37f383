"""What the registry raises.

RegistryError
├── SettingsError              a setting cannot be used (exit code 2)
├── CatalogueError             the database as a whole
│   ├── CatalogueUnavailableError   cannot be opened, busy, out of space, not allowed
│   ├── NotACatalogueError          a database, but not Prunarium's
│   ├── SchemaBehindError           older than the code
│   └── SchemaAheadError            newer than the code
├── UnknownRecordError         no such model, task, submission ... (exit code 2)
├── InvalidRecordError         a record contradicts itself or the catalogue's rules
├── ImmutableRowError          a published version would change
├── DuplicateCheckpointError   these weights belong to another model
├── TransitionError            a submission or a job cannot go from here to there
├── LeaseLostError             a worker no longer holds the job it reports on
├── BlobError
│   ├── BlobMissingError
│   └── BlobCorruptError
├── AccessError                a token is unknown, revoked, expired or too narrow
├── HubError                   a hub and what it holds
│   ├── HubUnavailableError         no connection, or the hub itself failed
│   ├── HubAccessError              the hub refuses what was asked
│   ├── NotOnHubError               no such repository, revision or file
│   └── CorruptDownloadError        the bytes are not the promised ones
├── NotPullableError           the catalogue knows the model, but no hub holds its checkpoint
└── RejectedError              a model folder fails the check; the reasons are listed
"""

from zoo.core.errors import PrunariumError, UsageError


class RegistryError(PrunariumError):
    """Base of this package's errors."""


class SettingsError(RegistryError, UsageError):
    """A setting cannot be used."""


class CatalogueError(RegistryError):
    """The database as a whole."""


class CatalogueUnavailableError(CatalogueError):
    """The database cannot be opened, is busy, has no space, or refuses the write."""


class NotACatalogueError(CatalogueError):
    """There is a database, but it is not one of Prunarium's."""


class SchemaBehindError(CatalogueError):
    """The database is older than the code."""


class SchemaAheadError(CatalogueError):
    """The database is newer than the code."""


class UnknownRecordError(RegistryError, UsageError):
    """The catalogue has no such entry."""


class InvalidRecordError(RegistryError):
    """A record contradicts itself or the catalogue's rules."""


class ImmutableRowError(RegistryError):
    """A version that was recorded before would change its meaning."""


class DuplicateCheckpointError(RegistryError):
    """These weights are in the catalogue already, as another model."""


class TransitionError(RegistryError):
    """A submission or a job cannot go from its state to the wanted one."""


class LeaseLostError(RegistryError):
    """The lease ended: another attempt, or nobody, owns the job now. The worker drops its work."""


class BlobError(RegistryError):
    """The blob store."""


class BlobMissingError(BlobError):
    """No blob has this address."""


class BlobCorruptError(BlobError):
    """The bytes at an address do not hash to it."""


class AccessError(RegistryError):
    """A token is unknown, revoked, expired, or does not have the scope that the request needs."""


class HubError(RegistryError):
    """A hub and what it holds."""


class HubUnavailableError(HubError):
    """The hub cannot be reached, or failed by its own fault."""


class HubAccessError(HubError):
    """The hub refuses: no token, a wrong one, or one without the right."""


class NotOnHubError(HubError):
    """The hub has no such repository, revision or file (or hides it from this token)."""


class CorruptDownloadError(HubError):
    """The bytes are not those that the hub, the passport or the catalogue promised."""


class NotPullableError(RegistryError):
    """The catalogue knows the model, but no hub holds its checkpoint; the message says where it is."""


class RejectedError(RegistryError):
    """A model folder fails the check that every published model must pass."""
