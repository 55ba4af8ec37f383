import csv
import io

import pyarrow.parquet as pq
import pytest
from starlette.testclient import TestClient

from leaderboard.board import make_board
from leaderboard.catalogue import Catalogue
from leaderboard.view import BoardQuery

VIEWS = (
    "",
    "?architecture=all&q=family%3Dregrowth&budget=100",
    "?sparsity=all&rows=5&page=2",
    "?sparsity=all",
    "?sparsity=0.95&sort=-full",
    "?architecture=mobilenetv1",
    "?suite=digits-demo&sort=name",
)


@pytest.mark.parametrize("view", VIEWS)
def test_page_json_and_csv_show_the_same_rows(clients: dict[str, TestClient], full: Catalogue, view: str) -> None:
    client = clients["full"]
    answer = client.get(f"/api/v1/board{view}").json()
    lines = list(csv.DictReader(io.StringIO(client.get(f"/api/v1/board.csv{view}").text)))
    query = BoardQuery.parse(client.get(f"/{view}").url.params.multi_items())
    found = frozenset(name for name in full.models if "rigl" in name) if query.q else None
    board = make_board(full, query, found)
    names = [row.name for row in board.page]
    assert names
    assert [row["name"] for row in answer["rows"]] == names
    assert [line["name"] for line in lines] == names + [row.name for row in board.yardsticks]
    for row, line in zip(answer["rows"], lines, strict=False):
        for kind in ("linear", "full"):
            change = row[kind]["change"]
            assert line[f"{kind}_change"] == ("" if change is None else str(change))


@pytest.mark.parametrize(
    ("ending", "start"), [("csv", b"name,"), ("parquet", b"PAR1"), ("tex", b"% http://testserver/?"), ("bib", b"@misc")]
)
def test_every_kind_of_file_is_served_under_its_name(clients: dict[str, TestClient], ending: str, start: bytes) -> None:
    for client in clients.values():
        answer = client.get(f"/api/v1/board.{ending}?sparsity=0.95")
        assert answer.status_code == 200
        assert answer.headers["content-disposition"].endswith(f'.{ending}"')
        assert answer.content.startswith(start)


def test_a_view_without_rows_is_a_file_with_columns(clients: dict[str, TestClient]) -> None:
    client, nothing = clients["full"], "?architecture=resnet50&sparsity=all&q=method%3Ddense+sparsity%3E0.5"
    assert client.get(f"/api/v1/board{nothing}").json()["rows"] == []
    whole, empty = (client.get(f"/api/v1/board.csv{end}").text.splitlines()[0] for end in ("", nothing))
    assert whole == empty
    table = pq.read_table(io.BytesIO(client.get(f"/api/v1/board.parquet{nothing}").content))
    assert table.column_names == whole.split(",")


def test_an_unknown_ending_or_term_is_refused_with_what_there_is(clients: dict[str, TestClient]) -> None:
    assert clients["full"].get("/api/v1/board.xlsx").status_code == 400
    answer = clients["full"].get("/api/v1/board?q=imagenet.top9%3E0.5")
    assert answer.status_code == 400
    assert "top9" in answer.text


@pytest.mark.parametrize(
    "path", ["models", "models.csv", "results", "robustness", "robustness.csv", "tasks", "board", "explore.vl.json"]
)
def test_a_parameter_that_a_route_does_not_have_is_an_error(clients: dict[str, TestClient], path: str) -> None:
    client = clients["full"]
    assert client.get(f"/api/v1/{path}").status_code == 200
    answer = client.get(f"/api/v1/{path}?sparsty=0.9")
    assert answer.status_code == 400
    assert (
        answer.json()["error"]["message"] == f"/api/v1/{path.replace('.csv', end_of(path))} has no parameter 'sparsty'."
    )


def end_of(path: str) -> str:
    """How the address of a route ends that serves several kinds of files."""
    return ".{ending}" if path == "robustness.csv" else ".csv"


@pytest.mark.parametrize("path", ["/", "/models", "/api/v1/board", "/api/v1/board.csv", "/static/site.css", "/no"])
def test_head_is_get_without_the_body(clients: dict[str, TestClient], path: str) -> None:
    got, asked = clients["full"].get(path), clients["full"].head(path)
    assert asked.status_code == got.status_code
    assert asked.content == b""
    names = ("content-length", "etag", "content-type", "content-security-policy")
    assert [asked.headers.get(name) for name in names] == [got.headers.get(name) for name in names]


def test_the_board_answers_with_the_known_figures(clients: dict[str, TestClient]) -> None:
    answer = clients["reported"].get("/api/v1/board").json()
    best = answer["rows"][0]
    assert (best["name"], best["linear"]["unit"]) == ("ac-dc/resnet50/0.90", "%")
    assert best["linear"]["change"] == pytest.approx(-2.000546, abs=1e-6)
    assert best["linear"]["high"] - best["linear"]["low"] == pytest.approx(2 * 0.229887, abs=1e-5)
    assert (best["full"]["rank_best"], best["full"]["rank_worst"]) == (2, 2)
    assert len(best["linear"]["tasks"]) == 12


def test_an_empty_catalogue_answers_with_empty_lists(clients: dict[str, TestClient]) -> None:
    client = clients["empty"]
    assert client.get("/api/v1/board").json()["rows"] == []
    assert client.get("/api/v1/board.csv").text.startswith("name,title,method")
    assert client.get("/api/v1/models").json() == {
        "total": 0, "next": None, "models": [], "metrics": {}, "notes": [],
    }  # fmt: skip
    assert client.get("/api/v1/results").json()["results"] == []


def test_results_come_in_pages_that_lead_to_each_other(clients: dict[str, TestClient]) -> None:
    client, path, seen = clients["reported"], "/api/v1/results?protocol=linear%40ist2022&limit=100", []
    while path:
        answer = client.get(path).json()
        assert len(answer["results"]) <= 100
        seen += answer["results"]
        path = answer["next"]
    assert len(seen) == answer["total"] == 360
    assert {result["trust"] for result in seen} == {"reported"}
    assert all(0 <= result["value"] <= 1 for result in seen)


def test_models_are_filtered(clients: dict[str, TestClient]) -> None:
    answer = clients["reported"].get("/api/v1/models?method=ac-dc&architecture=resnet50").json()
    assert {model["method"] for model in answer["models"]} == {"ac-dc"}
    assert {"ac-dc/resnet50/0.90"} < {model["name"] for model in answer["models"]}


def test_a_model_comes_with_its_results_by_slug_and_by_hub_id(clients: dict[str, TestClient]) -> None:
    by_slug = clients["full"].get("/api/v1/models/gmp/resnet8-digits/0.98-s1")
    by_hub = clients["full"].get("/api/v1/models/prunarium/gmp-resnet8-digits-0.98-s1")
    assert by_slug.json() == by_hub.json()
    assert {result["task"] for result in by_slug.json()["results"]} >= {"digits-5-9@1", "digits-c-like@1", "cost@1"}


def test_errors_are_json(clients: dict[str, TestClient]) -> None:
    answer = clients["reported"].get("/api/v1/tasks/none@1")
    assert answer.status_code == 404
    assert answer.json()["error"]["message"] == "There is no task 'none@1'."


def test_the_etag_is_that_of_the_content(clients: dict[str, TestClient]) -> None:
    client = clients["reported"]
    first, other = client.get("/api/v1/board"), client.get("/api/v1/board?sparsity=0.80")
    assert first.headers["etag"] != other.headers["etag"]
    again = client.get("/api/v1/board", headers={"If-None-Match": f'"x", W/{first.headers["etag"]}'})
    assert again.status_code == 304


def test_the_documentation_page_names_every_operation(clients: dict[str, TestClient]) -> None:
    client = clients["empty"]
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    page = client.get("/api").text
    assert len(paths) >= 12
    assert all(f"{method.upper()} {path}" in page for path, methods in paths.items() for method in methods)
    assert "model, suite, visibility, hub_endpoint" in page
    assert client.get("/docs").status_code == client.get("/redoc").status_code == 404
