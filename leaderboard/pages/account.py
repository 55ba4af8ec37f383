"""One's own account: its tokens, the browsers that are signed in, signing out."""

from dataclasses import dataclass
from typing import ClassVar

from fastapi import APIRouter, Request, Response

from registry.accounts import Access

from ..context import PageContext
from ..visitors import SignedInVisitor, form_token
from ..web import render

router = APIRouter()


@dataclass(frozen=True, kw_only=True)
class AccountContext(PageContext):
    """Who is signed in, and the token of the page's forms."""

    template: ClassVar[str] = "account.html"

    account: Access
    csrf: str


@router.get("/account")
def show(request: Request, visitor: SignedInVisitor) -> Response:
    """The account of the visitor."""
    csrf = form_token(visitor.secret)
    return render(request, AccountContext(title="Account", here="account", account=visitor.access, csrf=csrf))
