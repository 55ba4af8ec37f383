"""Words and filters together, on the published rows."""

import pytest
from sqlalchemy import Engine

from registry.db.session import session_scope
from registry.queries import list_models
from registry.records import ModelRecord
from registry.search import how_to_get, search


@pytest.fixture(scope="module")
def everything(reported_catalogue: Engine) -> list[ModelRecord]:
    with session_scope(reported_catalogue) as session:
        return list_models(session)


def test_without_words_or_filters_everything_is_found(
    reported_catalogue: Engine, everything: list[ModelRecord]
) -> None:
    assert search(engine=reported_catalogue, limit=10**6) == everything
    assert search(engine=reported_catalogue, limit=3) == everything[:3]


@pytest.mark.parametrize(
    ("text", "filters"),
    [
        ("rigl", {}),
        ("", {"method": "rigl"}),
        ("RESNET50 rigl", {}),
        ("resnet50", {"method": "rigl", "sparsity": 0.9}),
        ("", {"architecture": "resnet50", "sparsity": 0.95}),
        ("rigl", {"availability": "import"}),
    ],
)
def test_found_is_what_a_loop_over_everything_finds(
    text: str, filters: dict[str, object], reported_catalogue: Engine, everything: list[ModelRecord]
) -> None:
    def fits(model: ModelRecord) -> bool:
        names = " | ".join(
            filter(None, (model.slug, model.hub_id, model.title, model.method, model.architecture, model.owner))
        ).lower()
        fields = {**filters}
        sparsity = fields.pop("sparsity", None)
        near = sparsity is None or round(model.sparsity_target, 3) == sparsity
        return (
            near
            and all(word in names for word in text.lower().split())
            and all(getattr(model, name) == value for name, value in fields.items())
        )

    expected = [model for model in everything if fits(model)]
    assert 0 < len(expected) < len(everything)
    assert search(text, engine=reported_catalogue, limit=1000, **filters) == expected  # type: ignore[arg-type]


def test_every_row_says_how_to_get_it(everything: list[ModelRecord]) -> None:
    for model in everything:
        assert how_to_get(model)
        assert how_to_get(model).startswith("prunarium pull") == (model.availability == "hub")
