"""What a submitter says of a model beside its files."""

import re
from dataclasses import dataclass
from typing import Final, Self

from .records import SubmissionRecord

# What no plugin is called: who invented it, and how they call it.
_METHOD = re.compile(r"@[A-Za-z0-9_][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9 ._+-]{0,79}\Z")


@dataclass(frozen=True)
class Declared:
    """What stands beside the files and goes before them: each is None where the files say it themselves.

    ``method`` is ``@author/name`` for a method that the zoo does not have; ``parent`` is a slug or Hub id of the
    dense model; ``training_data`` names all data that the weights have seen.
    """

    method: str | None = None
    parent: str | None = None
    training_data: str | None = None

    @classmethod
    def of(cls, submission: SubmissionRecord) -> Self:
        """What was declared with a submission."""
        return cls(submission.method, submission.parent, submission.training_data)


NOTHING_DECLARED: Final = Declared()


def is_free_method(text: str) -> bool:
    """Whether a method is named by its author and a name of theirs.

    >>> is_free_method("@ada/Wise pruning v2"), is_free_method("gmp")
    (True, False)
    """
    return _METHOD.match(text) is not None
