"""Who may do what: every role, owner or not, with every thing and act, as it was designed."""

import pytest

from registry.permissions import ROLE_SCOPES, ROLES, RULES, STATUS, Object, Standing, decide, standing

# nobody | reader | submitter | worker | moderator | admin, then the owner with the role submitter
WHO: tuple[tuple[Standing | None, bool], ...] = (
    (None, False), ("reader", False), ("submitter", False), ("worker", False), ("moderator", False), ("admin", False),
    ("submitter", True),
)  # fmt: skip
MATRIX: dict[tuple[Object, str], tuple[int, ...]] = {
    ("public submission", "see"): (200, 200, 200, 200, 200, 200, 200),
    ("public submission", "create"): (401, 403, 200, 403, 200, 200, 200),
    ("public submission", "change"): (401, 403, 403, 403, 200, 200, 200),
    ("public submission", "flag"): (401, 403, 200, 403, 200, 200, 200),
    ("public submission", "hide"): (401, 403, 403, 403, 200, 200, 403),
    ("private submission", "see"): (404, 404, 404, 404, 200, 200, 200),
    ("private submission", "create"): (401, 403, 200, 403, 200, 200, 200),
    ("private submission", "change"): (404, 404, 404, 404, 200, 200, 200),
    ("private submission", "flag"): (404, 404, 404, 404, 200, 200, 404),
    ("private submission", "hide"): (404, 404, 404, 404, 200, 200, 404),
    ("hidden submission", "see"): (404, 404, 404, 404, 200, 200, 200),
    ("hidden submission", "change"): (404, 404, 404, 404, 200, 200, 404),
    ("hidden submission", "show again"): (404, 404, 404, 404, 200, 200, 404),
    ("public model", "see"): (200, 200, 200, 200, 200, 200, 200),
    ("public model", "flag"): (401, 403, 200, 403, 200, 200, 200),
    ("public model", "hide"): (401, 403, 403, 403, 200, 200, 403),
    ("hidden model", "see"): (404, 404, 404, 404, 200, 200, 200),
    ("hidden model", "flag"): (404, 404, 404, 404, 200, 200, 404),
    ("hidden model", "show again"): (404, 404, 404, 404, 200, 200, 404),
    ("own account", "see"): (404, 404, 404, 404, 404, 404, 200),
    ("token", "create"): (404, 404, 404, 404, 404, 200, 200),
    ("token", "list"): (404, 404, 404, 404, 404, 200, 200),
    ("token", "revoke"): (404, 404, 404, 404, 404, 200, 200),
    ("flag", "list"): (401, 403, 403, 403, 200, 200, 403),
    ("flag", "close"): (401, 403, 403, 403, 200, 200, 403),
    ("account", "list"): (401, 403, 403, 403, 403, 200, 403),
    ("account", "create"): (401, 403, 403, 403, 403, 200, 403),
    ("account", "change role"): (401, 403, 403, 403, 403, 200, 403),
    ("account", "disable"): (401, 403, 403, 403, 403, 200, 403),
    ("audit log", "list"): (401, 403, 403, 403, 200, 200, 403),
    ("job", "work on"): (401, 403, 403, 200, 403, 200, 403),
}


def test_every_rule_is_in_the_matrix() -> None:
    assert MATRIX.keys() == RULES.keys()


@pytest.mark.parametrize("case", MATRIX, ids=" ".join)
def test_the_matrix(case: tuple[Object, str]) -> None:
    found = tuple(STATUS[decide(*case, role, owner=owner)] for role, owner in WHO)
    assert found == MATRIX[case]


def test_a_role_acts_as_itself_with_all_its_scopes_and_as_less_with_fewer() -> None:
    assert [standing(ROLE_SCOPES[role]) for role in ROLES] == list(ROLES)
    assert standing(ROLE_SCOPES["admin"] - {"admin"}) == "moderator"
    assert standing(["submit", "hub:write"]) == "submitter"
    assert standing([]) == "reader"
