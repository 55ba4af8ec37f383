"""Accounts, as administrators see them: roles, tokens, links to sign in."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from registry import accounts, administration, quotas, sign_in
from registry.accounts import Role
from registry.db.session import session_scope
from registry.errors import InvalidRecordError
from registry.permissions import ROLES
from registry.queries.accounts import AccountRecord, TokenRecord, list_accounts
from registry.quota_rules import Allowance
from zoo.core.errors import UsageError

from ..context import PageContext, Trouble
from ..first_start import link_address
from ..visitors import Poster, SignedInVisitor, form_token, require
from ..web import render

router = APIRouter(prefix="/admin/accounts")

_DAY_SECONDS = 86400.0


@dataclass(frozen=True, kw_only=True)
class AccountsContext(PageContext):
    """Every account with its good ``tokens``; ``made`` is what must be copied now (a token or a link), and whose.

    ``quota`` is what an account may spend of device time (None: as much as it likes), ``left`` what each still may.
    ``typed`` (name, role) stands in the form that makes an account; ``trouble`` is why the last act did not work.
    """

    template: ClassVar[str] = "admin_accounts.html"

    accounts: list[tuple[AccountRecord, list[TokenRecord]]]
    roles: tuple[Role, ...]
    made: tuple[str, str] | None
    quota: Allowance | None
    left: Mapping[str, float]
    csrf: str
    typed: tuple[str, str]
    trouble: Trouble | None


@router.get("")
def show(request: Request, visitor: SignedInVisitor) -> Response:
    """The accounts."""
    return _page(request, visitor)


@router.post("")
def create(
    request: Request, visitor: Poster, name: Annotated[str, Form(max_length=96)], role: Annotated[Role, Form()]
) -> Response:
    """Make an account, and a link for whom it is for."""
    require(visitor, "account", "create")
    me = visitor.access.account
    try:
        with session_scope(request.app.state.engine, write=True) as session:
            accounts.create_account(session, name, role)
            secret = sign_in.make_link(session, name)
            administration.record(session, me, "make account", name, detail={"role": role})
    except (UsageError, InvalidRecordError) as error:
        return _page(request, visitor, typed=(name, role), trouble=Trouble.of(error))
    return _page(request, visitor, (name, link_address(request.app.state.settings.site_address, secret)))


@router.post("/change")
def change(
    request: Request,
    visitor: Poster,
    name: Annotated[str, Form(max_length=96)],
    act: Annotated[Literal["role", "disable", "enable", "link", "worker token", "grant"], Form()],
    role: Annotated[Role | None, Form()] = None,
    minutes: Annotated[float | None, Form()] = None,
) -> Response:
    """Give another role or device minutes, disable, enable, or make a link or a worker's token."""
    require(visitor, "account", "disable" if act in ("disable", "enable") else "change role")
    me, made = visitor.access.account, None
    try:
        with session_scope(request.app.state.engine, write=True) as session:
            if act == "role" and role is not None:
                administration.change_role(session, name, role, me)
            elif act == "grant" and minutes is not None:
                quotas.grant(session, name, minutes, me)
            elif act == "disable":
                administration.disable(session, name, me)
            elif act == "enable":
                administration.enable(session, name, me)
            elif act == "link":
                made = link_address(request.app.state.settings.site_address, sign_in.make_link(session, name))
                administration.record(session, me, "make sign-in link", name)
            elif act == "worker token":
                made = accounts.issue_token(session, name, "worker", ["work"], 365 * _DAY_SECONDS)
                administration.record(session, me, "make token", name, detail={"label": "worker", "scopes": ["work"]})
    except (UsageError, InvalidRecordError) as error:
        return _page(request, visitor, trouble=Trouble.of(error))
    return RedirectResponse("/admin/accounts", 303) if made is None else _page(request, visitor, (name, made))


@router.post("/revoke")
def revoke(
    request: Request,
    visitor: Poster,
    name: Annotated[str, Form(max_length=96)],
    label: Annotated[str, Form(max_length=200)],
) -> Response:
    """End a token of somebody."""
    require(visitor, "token", "revoke")
    with session_scope(request.app.state.engine, write=True) as session:
        accounts.revoke_token(session, name, label)
        administration.record(session, visitor.access.account, "revoke token", name, detail={"label": label})
    return RedirectResponse("/admin/accounts", 303)


def _page(
    request: Request,
    visitor: SignedInVisitor,
    made: tuple[str, str] | None = None,
    typed: tuple[str, str] = ("", ""),
    trouble: Trouble | None = None,
) -> Response:
    require(visitor, "account", "list")
    with session_scope(request.app.state.engine) as session:
        found = [
            (one, [token for token, good in accounts.tokens_of(session, one.name) if good])
            for one in list_accounts(session)
        ]
        quota = request.app.state.settings.quota
        left = {} if quota is None else {one.name: quotas.minutes_left(session, one.name, quota) for one, _ in found}
    csrf = form_token(visitor.secret)
    context = AccountsContext(
        title="Accounts", here="account", accounts=found, roles=ROLES, made=made, quota=quota, left=left, csrf=csrf,
        typed=typed, trouble=trouble,
    )  # fmt: skip
    answer = render(request, context, status=200 if trouble is None else 400)
    answer.headers["Cache-Control"] = "no-store"
    return answer
