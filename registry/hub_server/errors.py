"""What the hub server answers when it cannot do what was asked.

registry.errors.RegistryError
├── HubServeError              the server cannot start: a taken port, a bad folder
└── RequestError               one request fails; the client sees status, code and sentence
    ├── BadRequestError        400  malformed or forbidden input
    ├── CredentialsError       401  the token is unknown, expired or revoked
    ├── SignInError            401  this needs a token
    ├── ForbiddenError         403  the token does not reach that far
    ├── RepoNotFoundError      404  no such repository, or a private one of somebody else
    │   └── RepoHiddenError    401  the same, for a caller without a token
    ├── GatedRepoError         403  the content needs the owner's consent
    │   └── GatedAnonymousError 401 the same, for a caller without a token
    ├── RevisionNotFoundError  404
    ├── EntryNotFoundError     404
    ├── MissingError           404  anything else that is not there
    ├── ConflictError          409  the name is taken
    ├── StaleParentError       412  the branch has moved on
    └── TooLargeError          413
"""

from collections.abc import Mapping
from typing import Any, ClassVar

from ..errors import RegistryError


class HubServeError(RegistryError):
    """The server cannot start."""


class RequestError(RegistryError):
    """One request fails. ``code`` becomes ``X-Error-Code``, which clients turn into their typed errors."""

    status: ClassVar[int] = 500
    code: ClassVar[str | None] = None

    def __init__(
        self,
        message: str,
        hint: str | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message, hint)
        self.headers = dict(headers or {})
        self.body = dict(body or {})


class BadRequestError(RequestError):
    """The input is malformed, or names something that may not exist."""

    status = 400


class CredentialsError(RequestError):
    """The token is unknown, expired or revoked. Clients compare the sentence literally."""

    status = 401

    def __init__(self, message: str = "Invalid credentials in Authorization header", hint: str | None = None) -> None:
        super().__init__(message, hint)


class SignInError(RequestError):
    """This needs a token and none came."""

    status = 401


class ForbiddenError(RequestError):
    """The token is good but does not reach that far."""

    status = 403


class RepoNotFoundError(RequestError):
    """No such repository; private ones of others answer the same, so that names do not leak."""

    status = 404
    code = "RepoNotFound"


class RepoHiddenError(RepoNotFoundError):
    """The same for a caller without a token, who may see more with one."""

    status = 401


class GatedRepoError(RequestError):
    """The content of a gated repository needs its owner's consent."""

    status = 403
    code = "GatedRepo"


class GatedAnonymousError(GatedRepoError):
    """The same for a caller without a token."""

    status = 401


class RevisionNotFoundError(RequestError):
    """No branch, tag, pull request or commit has this name."""

    status = 404
    code = "RevisionNotFound"


class EntryNotFoundError(RequestError):
    """The commit has no such file or folder."""

    status = 404
    code = "EntryNotFound"


class MissingError(RequestError):
    """Anything else that is not there."""

    status = 404


class ConflictError(RequestError):
    """The name is taken."""

    status = 409


class StaleParentError(RequestError):
    """``parentCommit`` is not the head of the branch any more."""

    status = 412


class TooLargeError(RequestError):
    """A body, a file or a list beyond the limit."""

    status = 413
