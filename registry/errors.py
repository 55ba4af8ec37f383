"""What the registry raises.

RegistryError
├── SettingsError              a setting cannot be used (exit code 2)
├── CatalogueError             the database as a whole
│   ├── CatalogueUnavailableError   cannot be opened, busy, out of space, not allowed
│   ├── NotACatalogueError          a database, but not Prunarium's
│   ├── CatalogueDamagedError       its file has damaged pages, or rows that point nowhere
│   ├── SchemaBehindError           older than the code
│   └── SchemaAheadError            newer than the code
├── UnknownRecordError         no such model, task, submission ... (exit code 2)
├── QueryError                 a search cannot be understood; the message shows where (exit code 2)
├── InvalidRecordError         a record contradicts itself or the catalogue's rules
├── ImmutableRowError          a published version would change
├── DuplicateCheckpointError   these weights belong to another model
├── TransitionError            a submission or a job cannot go from here to there
├── QuotaExceededError         an account has fewer device minutes left than this takes
├── LeaseLostError             a worker no longer holds the job it reports on
├── BlobError
│   ├── BlobMissingError
│   └── BlobCorruptError
├── AccessError                a token is unknown, revoked or expired
│   └── ScopeError                  it is good, but not for this
├── TooManyError               somebody tries more often than he may
├── ServerError                a Prunarium server, as seen from outside
│   ├── ServerAddressError          no address of one, or one that no token may be sent to (exit code 2)
│   ├── ServerUnavailableError      no connection, too slow, or the server itself failed
│   ├── ServerAnswerError           it answers, but not as a server of this version does
│   └── ServerRefusedError          it understands the request and refuses it (exit code 2)
├── LoginError                 the stored login cannot be used
├── ReadOnlySourceError        the published rows that came with the package take no submissions
├── HubError                   a hub and what it holds
│   ├── HubUnavailableError         no connection, or the hub itself failed
│   ├── HubAccessError              the hub refuses what was asked
│   ├── NotOnHubError               no such repository, revision or file
│   ├── TooLargeError               a file is larger than is fetched
│   ├── HubConflictError            somebody else changed the repository, or a release has that name
│   └── CorruptDownloadError        the bytes are not the promised ones
│       └── WrongModelError             they are, but they are not the promised model
├── ReceiptError               no receipt, or none can be made
│   └── NewerReceiptError           of a later schema
├── SigningKeyError            there is no key to sign with, or it is not safe to use
├── UndefinedRobustnessError   there is no line of ordinary models, or no number against it
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


class CatalogueDamagedError(CatalogueError):
    """The file of the database has damaged pages, or rows that point nowhere."""


class SchemaBehindError(CatalogueError):
    """The database is older than the code."""


class SchemaAheadError(CatalogueError):
    """The database is newer than the code."""


class BackupError(CatalogueError):
    """A file cannot be written as a backup, or the catalogue cannot be restored from it; nothing was changed."""


class UnknownRecordError(RegistryError, UsageError):
    """The catalogue has no such entry."""


class QueryError(RegistryError, UsageError):
    """A query cannot be understood; the second and third line of the message show the place."""


class InvalidRecordError(RegistryError):
    """A record contradicts itself or the catalogue's rules."""


class ImmutableRowError(RegistryError):
    """A version that was recorded before would change its meaning."""


class DuplicateCheckpointError(RegistryError):
    """These weights are in the catalogue already, as another model."""


class TransitionError(RegistryError):
    """A submission or a job cannot go from its state to the wanted one."""


class QuotaExceededError(RegistryError):
    """The account has fewer device minutes left than its submission takes; the message says when there are enough."""


class LeaseLostError(RegistryError):
    """The lease ended: another attempt, or nobody, owns the job now. The worker drops its work."""


class BlobError(RegistryError):
    """The blob store."""


class BlobMissingError(BlobError):
    """No blob has this address."""


class BlobCorruptError(BlobError):
    """The bytes at an address do not hash to it."""


class AccessError(RegistryError):
    """There is no token, or it is unknown, revoked or expired."""


class ScopeError(AccessError):
    """The token is good, but it does not have the scope that the request needs."""


class TooManyError(RegistryError):
    """Somebody tries more often than he may; ``retry_after_seconds`` is when he may again."""

    def __init__(self, message: str, retry_after_seconds: int) -> None:
        super().__init__(message, f"Try again in {retry_after_seconds} s.")
        self.retry_after_seconds = retry_after_seconds


class ServerError(RegistryError):
    """A Prunarium server, as seen from outside."""


class ServerAddressError(ServerError, UsageError):
    """This is no address of a server, or one that no token may be sent to."""


class ServerUnavailableError(ServerError):
    """The server cannot be reached, takes too long, or failed by its own fault."""


class ServerAnswerError(ServerError):
    """Something answers, but not what a Prunarium server of this version would say."""


class ServerRefusedError(ServerError, UsageError):
    """The server understands the request and refuses it; the message is the server's."""


class LoginError(RegistryError):
    """The stored login cannot be used: damaged, readable by others, or its keyring is locked."""


class ReadOnlySourceError(RegistryError):
    """The published rows that came with the package can be read, nothing more."""


class HubError(RegistryError):
    """A hub and what it holds."""


class HubUnavailableError(HubError):
    """The hub cannot be reached, or failed by its own fault."""


class HubAccessError(HubError):
    """The hub refuses: no token, a wrong one, or one without the right."""


class NotOnHubError(HubError):
    """The hub has no such repository, revision or file (or hides it from this token)."""


class TooLargeError(HubError):
    """A file is larger than is fetched; not a byte of it was."""


class HubConflictError(HubError):
    """The repository is not as it was looked at, or a tag names another commit; nothing was overwritten."""


class CorruptDownloadError(HubError):
    """The bytes are not those that the hub, the passport or the catalogue promised."""


class WrongModelError(CorruptDownloadError):
    """The files are whole, but their weights are not those of the model that was promised, or cannot be read."""


class ReceiptError(RegistryError):
    """A document is no receipt, or a job can have none."""


class NewerReceiptError(ReceiptError):
    """The receipt was made by a later version of Prunarium."""


class SigningKeyError(RegistryError):
    """The key that receipts are signed with is missing, damaged or readable by others."""


class UndefinedRobustnessError(RegistryError):
    """There is no line of ordinary models, or no number against it; the message says why."""


class NotPullableError(RegistryError):
    """The catalogue knows the model, but no hub holds its checkpoint; the message says where it is."""


class RejectedError(RegistryError):
    """A model folder fails the check that every published model must pass."""
