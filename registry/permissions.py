"""Who may do what: one table, and the pure function that reads it.

A *rule* names the roles that may, whether the owner of the thing may whatever his role is, and what others are told:
that they may not (403), or that there is no such thing (404, so that what is private cannot be guessed at). Nobody is
asked to sign in (401) where signing in could not help, and everybody where it could.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final, Literal, get_args

Role = Literal["submitter", "worker", "moderator", "admin"]
Object = Literal[
    "public submission", "private submission", "hidden submission", "public model", "hidden model", "own account",
    "token", "flag", "account", "audit log", "job",
]  # fmt: skip
Standing = Role | Literal["reader"]
Decision = Literal["allowed", "sign in", "forbidden", "not found"]

ROLES: Final[tuple[Role, ...]] = get_args(Role)
STATUS: Final[dict[Decision, int]] = {"allowed": 200, "sign in": 401, "forbidden": 403, "not found": 404}

# What an account of each role may give to its tokens.
_HUB: Final = frozenset({"hub:read", "hub:write"})
ROLE_SCOPES: Final[dict[Role, frozenset[str]]] = {
    "submitter": _HUB | {"submit"},
    "worker": frozenset({"hub:read", "work"}),
    "moderator": _HUB | {"submit", "moderate"},
    "admin": _HUB | {"submit", "work", "moderate", "admin"},
}


@dataclass(frozen=True)
class Rule:
    """``roles`` may, the owner too if ``owner`` says so, and everybody if ``anyone`` does; others are told
    ``otherwise``."""

    roles: frozenset[Role] = frozenset()
    owner: bool = False
    anyone: bool = False
    otherwise: Decision = "forbidden"


_SUBMITTERS: Final = frozenset[Role]({"submitter", "moderator", "admin"})
_MODERATORS: Final = frozenset[Role]({"moderator", "admin"})
_ADMINS: Final = frozenset[Role]({"admin"})
_WORKERS: Final = frozenset[Role]({"worker", "admin"})

RULES: Final[dict[tuple[Object, str], Rule]] = {
    ("public submission", "see"): Rule(anyone=True),
    ("public submission", "create"): Rule(_SUBMITTERS),
    ("public submission", "change"): Rule(_MODERATORS, owner=True),
    ("public submission", "flag"): Rule(_SUBMITTERS),
    ("public submission", "hide"): Rule(_MODERATORS),
    ("private submission", "see"): Rule(_MODERATORS, owner=True, otherwise="not found"),
    ("private submission", "create"): Rule(_SUBMITTERS),
    ("private submission", "change"): Rule(_MODERATORS, owner=True, otherwise="not found"),
    ("private submission", "flag"): Rule(_MODERATORS, otherwise="not found"),
    ("private submission", "hide"): Rule(_MODERATORS, otherwise="not found"),
    # The owner reads why it was hidden; only those who hid it change anything about it.
    ("hidden submission", "see"): Rule(_MODERATORS, owner=True, otherwise="not found"),
    ("hidden submission", "change"): Rule(_MODERATORS, otherwise="not found"),
    ("hidden submission", "show again"): Rule(_MODERATORS, otherwise="not found"),
    ("public model", "see"): Rule(anyone=True),
    ("public model", "flag"): Rule(_SUBMITTERS),
    ("public model", "hide"): Rule(_MODERATORS),
    ("hidden model", "see"): Rule(_MODERATORS, owner=True, otherwise="not found"),
    ("hidden model", "flag"): Rule(_MODERATORS, otherwise="not found"),
    ("hidden model", "show again"): Rule(_MODERATORS, otherwise="not found"),
    ("own account", "see"): Rule(owner=True, otherwise="not found"),
    ("token", "create"): Rule(_ADMINS, owner=True, otherwise="not found"),
    ("token", "list"): Rule(_ADMINS, owner=True, otherwise="not found"),
    ("token", "revoke"): Rule(_ADMINS, owner=True, otherwise="not found"),
    ("flag", "list"): Rule(_MODERATORS),
    ("flag", "close"): Rule(_MODERATORS),
    ("account", "list"): Rule(_ADMINS),
    ("account", "create"): Rule(_ADMINS),
    ("account", "change role"): Rule(_ADMINS),
    ("account", "disable"): Rule(_ADMINS),
    ("audit log", "list"): Rule(_MODERATORS),
    ("job", "work on"): Rule(_WORKERS),
}


def standing(scopes: Collection[str]) -> Standing:
    """As what somebody acts whose token or session reaches no further than ``scopes``.

    >>> standing(ROLE_SCOPES["moderator"]), standing(["hub:read"])
    ('moderator', 'reader')
    """
    acts: dict[str, Role] = {"admin": "admin", "moderate": "moderator", "work": "worker", "submit": "submitter"}
    return next((role for scope, role in acts.items() if scope in scopes), "reader")


def decide(kind: Object, action: str, role: Standing | None, *, owner: bool = False) -> Decision:
    """What somebody of a role (None: not signed in) is told who wants to do ``action`` to a thing of ``kind``.

    Raises :class:`KeyError` for an action that no rule is about: that is a mistake of the code that asks.

    >>> decide("private submission", "see", "submitter"), decide("private submission", "see", "submitter", owner=True)
    ('not found', 'allowed')
    >>> decide("public submission", "create", None)
    'sign in'
    """
    rule = RULES[kind, action]
    if rule.anyone or (role is not None and (role in rule.roles or (rule.owner and owner))):
        return "allowed"
    return "sign in" if role is None and rule.otherwise == "forbidden" else rule.otherwise


def may(kind: Object, action: str, role: Standing | None, *, owner: bool = False) -> bool:
    """Whether :func:`decide` says yes."""
    return decide(kind, action, role, owner=owner) == "allowed"
