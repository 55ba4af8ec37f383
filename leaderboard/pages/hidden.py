"""What moderators and its owner see in place of a hidden model."""

from dataclasses import dataclass
from typing import ClassVar

from fastapi import Request, Response

from registry.db.session import session_scope
from registry.permissions import may, standing
from registry.queries import get_model
from registry.queries.moderation import hidden_reason_of, submitters_of
from registry.sign_in import SignedIn

from ..context import PageContext
from ..web import render


@dataclass(frozen=True, kw_only=True)
class HiddenContext(PageContext):
    """Why the model ``name`` is hidden; ``moderates`` says that the reader may show it again."""

    template: ClassVar[str] = "hidden.html"

    name: str
    reason: str
    moderates: bool


def hidden_page(request: Request, name: str, visitor: SignedIn | None) -> Response | None:
    """The page of a hidden model for those who may know of it; None for everybody else, and where nothing is hidden."""
    if visitor is None:
        return None
    with session_scope(request.app.state.engine) as session:
        model = get_model(session, name)
        if model is None or model.id is None:
            return None
        reason = hidden_reason_of(session, model.id)
        owner = visitor.access.account in {model.owner, *submitters_of(session, model.name)}
    role = standing(visitor.access.scopes)
    if reason is None or not may("hidden model", "see", role, owner=owner):
        return None
    moderates = may("hidden model", "show again", role)
    return render(request, HiddenContext(title=name, here="models", name=name, reason=reason, moderates=moderates))
