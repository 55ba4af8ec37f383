"""Advice: everything that is advised fits, and nothing that fits is resolvably better."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from leaderboard.catalogue import Catalogue
from leaderboard.choosing import LICENCES, USES, Wish, advise
from leaderboard.errors import BadViewError
from registry.records import ModelRecord

WISHES = [
    Wish(use=use, sparsity=sparsity, architecture=architecture, licence=licence)
    for use in USES
    for sparsity in ("0.80", "0.90", "0.98")
    for architecture in ("resnet50", "mobilenetv1", "all")
    for licence in LICENCES
]


def never(model: ModelRecord) -> bool:
    raise AssertionError(f"nobody asked about {model.name}")


@pytest.mark.parametrize("wish", WISHES, ids=lambda wish: wish.address)
def test_what_is_advised_fits_and_is_not_beaten(reported: Catalogue, wish: Wish) -> None:
    advice = advise(reported, wish, never)
    assert advice.side is not None
    assert advice.side.kind == USES[wish.use]
    changes = {}
    for one in (*advice.best, *advice.others):
        model = one.row.entry.model
        assert model.sparsity_target >= float(wish.sparsity) - 0.0125
        assert wish.architecture in ("all", model.architecture)
        assert one.row.access.tone == "ok"
        licence = (model.licence or model.source_licence or "").lower()
        assert wish.licence == "any" or licence
        assert wish.licence != "commercial" or "nc" not in licence
        change = one.row.cells[advice.side.kind].change
        assert change is not None
        changes[one.row.name] = change
    best = {one.row.name for one in advice.best}
    for name in best:
        mine = changes[name]
        for other in changes.values():
            if mine.own is not None and other.own is not None:
                assert mine.value - other.value <= (mine.own**2 + other.own**2) ** 0.5 + 1e-9
    sparsities = [one.row.entry.model.sparsity_target for one in advice.best]
    assert sparsities == sorted(sparsities, reverse=True)
    assert advice.why


def test_the_known_answers(reported: Catalogue) -> None:
    """WoodFisher is the best of all when fine-tuned, but its authors give no licence: nobody may take it."""
    frozen = advise(reported, Wish(use="frozen"), never)
    tuned = advise(reported, Wish(use="fine-tuned"), never)
    assert [one.row.name for one in frozen.best] == ["ac-dc/resnet50/0.90"]
    assert [one.row.name for one in tuned.best] == ["ac-dc/resnet50/0.90"]
    assert len(tuned.others) == 8
    assert "cannot be had: LTH-T (not public), WoodFisher (no licence file)." in tuned.why


def test_an_engine_is_asked_of_what_fits_otherwise(full: Catalogue) -> None:
    asked = []

    def is_faster(model: ModelRecord) -> bool:
        asked.append(model)
        return model.method == "rigl"

    advice = advise(full, Wish(engine="some engine", suite="digits-demo", sparsity="0.98"), is_faster)
    assert {one.row.entry.model.method for one in advice.best} <= {"rigl"}
    assert {model.sparsity_target for model in asked} == {0.98}
    nothing = advise(full, Wish(engine="some engine"), lambda _: False)
    assert (nothing.best, nothing.others) == ((), ())
    assert nothing.why.endswith("none is faster on some engine.")


@given(st.lists(st.tuples(st.sampled_from(["use", "sparsity", "licence", "engine", "colour"]), st.text(max_size=8))))
def test_any_address_is_a_wish_or_one_clear_mistake(pairs: list[tuple[str, str]]) -> None:
    try:
        assert Wish.parse(pairs).use in USES
    except BadViewError:
        assert pairs


def test_page_and_api_give_the_same_advice(clients: Mapping[str, TestClient]) -> None:
    for name, client in clients.items():
        answer = client.get("/api/v1/choose?use=frozen&licence=commercial").json()
        page = client.get("/choose?use=frozen&licence=commercial")
        assert page.status_code == 200
        assert answer["why"] in page.text
        for one in answer["best"]:
            assert f'href="/models/{one["name"]}"' in page.text
        assert bool(answer["best"]) == (name != "empty")


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("use=thrown", "is no use"),
        ("sparsity=all", "How sparse"),
        ("sparsity=2", "a fraction from 0"),
        ("engine=abacus", "Nothing is known of an engine"),
        ("colour=red", "colour"),
        ("suite=nope", "no suite"),
    ],
)
def test_a_mistake_is_named(clients: Mapping[str, TestClient], query: str, words: str) -> None:
    for path in ("/choose", "/api/v1/choose"):
        answer = clients["full"].get(f"{path}?{query}")
        assert answer.status_code == 400
        assert words in answer.text


def test_words_are_true_of_one_of_none_ranked_and_of_the_least_sparsity(clients: Mapping[str, TestClient]) -> None:
    def page(query: str) -> str:
        return clients["reported"].get(f"/choose?{query}").text

    assert "What fits cannot be ranked." in page("use=fine-tuned&sparsity=0.80&architecture=mobilenetv1")
    assert "It is the only one that fits." in page("use=frozen&sparsity=0.98&architecture=resnet50")
    found = page("use=frozen&sparsity=0.90&architecture=mobilenetv1")
    assert "m-fac/mobilenetv1/0.89" not in found
    assert "m-fac/mobilenetv1/0.89" in page("use=frozen&sparsity=0.80&architecture=mobilenetv1")
    every = page("use=fine-tuned&sparsity=0.80&architecture=all")
    assert "ac-dc/mobilenetv1/0.90" in every
    assert "ac-dc/resnet50/0.90" in every
