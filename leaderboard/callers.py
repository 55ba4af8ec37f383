"""Who sends a request: the bearer token in its header, and nothing that a browser sends by itself.

No cookie is read here, so no other site can make a reader's browser act for its reader; pages, which do read one, are
in :mod:`leaderboard.visitors`.
"""

from typing import Annotated

from fastapi import Depends, Request

from registry import rate_limits
from registry.accounts import Access, identify, require_scope
from registry.db.session import session_scope
from registry.errors import AccessError

from .visitors import address_of

SUBMIT = "submit"


def caller_of(request: Request) -> Access | None:
    """Whom the token speaks for; None without one. A token that is no good is refused, never ignored."""
    header = request.headers.get("authorization")
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise AccessError("The header Authorization is not 'Bearer' and a token.", "Send: Authorization: Bearer prn_…")
    engine, address = request.app.state.engine, address_of(request)
    try:
        with session_scope(engine) as session:
            rate_limits.require_room(session, rate_limits.WRONG_TOKENS, address)
            access = identify(session, token.strip())
    except AccessError:
        rate_limits.use(engine, rate_limits.WRONG_TOKENS, address)
        raise
    request.app.state.token_uses.use(str(access.account_id))
    return access


Caller = Annotated[Access | None, Depends(caller_of)]


def submitter_of(caller: Caller) -> Access:
    """A caller who may submit. Raises :class:`~registry.errors.AccessError` for anybody else."""
    if caller is None:
        raise AccessError("This needs a token.", "Send: Authorization: Bearer prn_…, from an account of this server.")
    require_scope(caller, SUBMIT)
    return caller


Submitter = Annotated[Access, Depends(submitter_of)]
