"""Where a model comes from and what became of it: parents, children, families, former values."""

from dataclasses import replace

from site_catalogues import SPARSITIES, slug_of
from starlette.testclient import TestClient

from leaderboard.catalogue import Catalogue
from leaderboard.family_curves import children_of, family_curves, points_of
from leaderboard.former import former_values
from leaderboard.pages.architecture import architecture_context

DENSE = slug_of("dense", 0.0, 0)


def test_children_are_what_was_pruned_from_a_model(full: Catalogue) -> None:
    children = children_of(full, full.models[DENSE])
    assert set(children) == {"Gradual magnitude", "RigL", "Static random"}
    assert [one.sparsity_target for one in children["RigL"]] == list(SPARSITIES)
    assert children_of(full, full.models[slug_of("rigl", 0.9, 0)]) == {}


def test_a_familys_curve_starts_at_the_dense_model(full: Catalogue) -> None:
    points = points_of(family_curves(full, "resnet8-digits", ("rigl",)))
    top1 = [(method, sparsity) for title, method, sparsity, *_ in points if title.startswith("Top-1")]
    assert top1 == [("RigL", sparsity) for sparsity in (0.0, *SPARSITIES)]
    assert {method for _, method, *_ in points_of(family_curves(full, "resnet8-digits"))} == {
        "RigL", "Gradual magnitude", "Static random",
    }  # fmt: skip


def test_former_values_stand_beside_the_current_ones(full: Catalogue) -> None:
    (now,) = full.whole_cell(DENSE, "digits-0-4@1", "as-published@1", "nll@1")
    old = replace(now, id=10**6, metric="nll@0", value=0.5, superseded_by=now.id, created_us=7)
    gone = replace(now, id=10**6 + 1, checkpoint_id=10**6, value=0.25, created_us=8)
    found = former_values(full, [now, old, gone])
    assert [(one.value, one.now, one.now_metric) for one in found] == [
        ("0.250", "", ""), ("0.500", f"{now.value:.3f}", "nll@1"),
    ]  # fmt: skip
    assert "former checkpoint" in found[0].why


def test_the_page_of_an_architecture_has_every_model_of_it(full: Catalogue, clients: dict[str, TestClient]) -> None:
    context = architecture_context(full, "resnet50", None)
    keys = {entry.key for entry in full.entries if entry.model.architecture == "resnet50"}
    assert {line.entry.key for line in context.models} | {
        full.entry_of(one.name).key for one in (*context.dense, *context.more_dense)
    } == keys
    page = clients["full"].get("/architectures/resnet8-digits").text
    assert "block1.conv1.weight" in page
    assert "11\u2009984 in 4 layers" in page
