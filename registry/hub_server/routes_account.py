"""Who am I, and may I?"""

from typing import Any

from fastapi import APIRouter

from ..queries.accounts import get_account
from .access import Open, SignedIn, TheHub, Writable
from .records import WRITE, Caller

router = APIRouter()


@router.get("/api/whoami-v2")
def whoami(caller: SignedIn, hub: TheHub) -> dict[str, Any]:
    """The account behind the token."""
    with hub.reading() as session:
        account = get_account(session, caller.name)
    return {
        "type": "user",
        "id": str(caller.account_id),
        "name": caller.name,
        "fullname": account.full_name or caller.name,
        "email": account.email,
        "emailVerified": False,
        "isPro": False,
        "orgs": [
            {"type": "org", "name": name, "fullname": name, "roleInOrg": role, "isEnterprise": False}
            for name, role in caller.roles.items()
        ],
        "auth": {"type": "access_token", "accessToken": {"displayName": caller.token_name, "role": _role(caller)}},
    }


@router.get("/api/{kind}/{namespace}/{name}/auth-check")
def may_read(repo: Open) -> dict[str, bool]:  # noqa: ARG001 - the dependency is the check
    """200 when the content may be read."""
    return {"ok": True}


@router.get("/api/{kind}/{namespace}/{name}/auth-check/write")
def may_write(repo: Writable) -> dict[str, bool]:  # noqa: ARG001 - the dependency is the check
    """200 when the repository may be changed."""
    return {"ok": True}


def _role(caller: Caller) -> str:
    return "write" if WRITE in caller.scopes else "read"
