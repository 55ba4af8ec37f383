"""Each rule of the query language on one small catalogue, by hand, on both databases."""

from dataclasses import replace

import pytest
from catalogues import PostgresServer
from query_oracle import Oracle, Shelf
from query_shelves import FAMILIES, PARAMETERS, write_plugins, write_shelves
from queue_rows import CHECKPOINT
from sqlalchemy import Engine

from registry.db.schema import upgrade
from registry.db.session import make_engine, session_scope
from registry.queries import find_models
from registry.records import ModelRecord, ResultRecord

A = ModelRecord(
    slug="gmp/net/a", title="100 % small", owner="Ann", method="gmp", architecture="net", sparsity_target=0.9,
    licence="MIT", availability="hub", training_epochs=100.0, upstream_top1=0.75,
)  # fmt: skip
B = replace(
    A, slug="rigl/other/b", hub_id="org/B", title="under_score", method="rigl", architecture="other",
    sparsity_target=0.9004, licence="mit", parent=A.slug, upstream_top1=None, availability="make", owner="bob",
)  # fmt: skip
C = replace(A, slug=None, hub_id="org/c", title=r"back\slash é", sparsity_target=0.9006, licence=None, owner="École")
D = replace(
    A, slug="own/net/d", title='"quoted"', method="@me/own", sparsity_target=0.5, licence="CC BY 4.0", owner="Bob"
)
RESULT = ResultRecord(
    model="", task="digits@1", protocol="linear@1", metric="nll@1", value=0.1, seed=0, no_interval_reason="a test"
)
PAPER = replace(RESULT, trust="reported", source="a paper", seed=None)


def shelves() -> list[Shelf]:
    """A is measured twice over; B's first checkpoint was replaced; C has published numbers only; D has nothing."""
    old = replace(CHECKPOINT, prunable_nonzeros=900)
    return [
        Shelf(
            A,
            [
                replace(
                    CHECKPOINT, nonzeros=300, stored_elements=2000, stored_nonzeros=200, dead_channels=3,
                    flops_sparse=1.5e9,
                )
            ],
            [(0, False, 4_000_000), (0, True, 500_000)],
            [
                (0, RESULT), (0, replace(RESULT, value=0.2, seed=1)),
                (0, replace(RESULT, value=0.9, condition="noise/1")),
                (0, replace(RESULT, task="digits@2", metric="top1@1", value=0.6)),
                (0, replace(RESULT, task="cars@paper", protocol="linear@paper", metric="top1@1", value=0.3)),
            ],
        ),
        Shelf(
            B,
            [old, CHECKPOINT],
            [(1, False, 600_000), (0, False, 10), (1, False, 700_000)],
            [
                (0, replace(RESULT, value=0.01)), (1, replace(RESULT, value=0.5)),
                (1, replace(RESULT, value=None, missing_reason="diverged", seed=1)),
                (1, replace(RESULT, metric="top1@1", value=0.2)),
                (1, replace(RESULT, task="digits@2", metric="top1@1", protocol="full@1", value=0.7)),
            ],
        ),
        Shelf(
            C,
            results=[
                (None, replace(PAPER, value=0.3)), (None, replace(PAPER, value=0.7, trust="derived")),
                (None, replace(PAPER, task="digits@paper", metric="top1@1", value=0.4)),
                (None, replace(PAPER, task="digits@paper", metric="nll@2", value=0.2)),
                (None, replace(PAPER, task="digits@paper", metric="nll@2", value=0.4)),
                (None, replace(PAPER, task="digits@other", metric="nll@2", value=0.9)),
                (None, replace(PAPER, task="cars@paper", protocol="linear@1", metric="top1@1", value=0.4)),
                (None, replace(PAPER, task="cars@paper", protocol="linear@paper", metric="top1@1", value=0.5)),
            ],
            superseded={1},
        ),
        Shelf(D),
    ]  # fmt: skip


RULES = {
    # Order: architecture, method, sparsity, replicate, name; bytewise, unknown values last.
    "": "DACB", "sort=-name": "BDCA", "sort=licence": "DABC", "sort=-licence": "BADC", "sort=bytes": "ABDC",
    # Words are parts of names in any letter case; no sign means more than itself.
    "GMP": "AC", "%": "A", "_": "B", "\\": "C", "é": "C", "É": "C", '"\\""': "D", "org/": "CB", "-org/": "DA",
    '"100 % small"': "A", "gmp ann": "A",
    # Texts compare as a whole, in any case of ASCII letters.
    "licence=mit": "AB", "licence!=mit": "D", "-licence=mit": "DC", 'licence="cc by 4.0",x': "D", "-has:licence": "C",
    "owner=école": "", "owner=ÉCOLE": "C", "owner=École": "C", "name=ORG/b": "B", "name=rigl/other/B": "B",
    "parent=gmp/net/a": "B", "parent!=x": "B", "has:parent": "B", "availability=make,unknown": "B",
    # The family is that of the method's newest version.
    "family=magnitude": "AC", "family=former": "", "family!=magnitude": "B", "-has:family": "D",
    # A target has two decimals; other fractions are equal when they look equal, their ranges and bounds are exact.
    "sparsity=0.9": "ACB", "sparsity!=0.9": "D", "sparsity=0.91..0.95": "", "sparsity>0.9": "", "sparsity<0.9": "D",
    "sparsity>=0.9049": "ACB", "sparsity>=0.9053": "CB", "sparsity>0.8953": "CB", "sparsity=..0.6,0.9055": "DC",
    "upstream_top1=75.03%": "DAC", "upstream_top1!=0.1": "DAC",
    "upstream_top1>=75.03%": "", "upstream_top1>74.99%": "DAC",
    "epochs=100": "DACB", "epochs=99.9999": "", "replicate<1": "DACB",
    # What is counted is that of the current checkpoint; the parameters may be the network's.
    "sparsity.prunable=0.9": "AB", "sparsity.prunable<0.5": "", "-has:sparsity.prunable": "DC",
    "sparsity.stored=0.9": "A", "sparsity.total=0.9": "B", "sparsity.total=0.7": "A",
    "parameters=1k": "DACB", "nonzeros<=100": "B",
    "dead_channels>2": "A", "flops<=1.5GFLOPs": "A", "flops<1.5GFLOPs": "", "has:flops.dense": "",
    "bytes.dense=4kB": "AB", "bytes=500kB": "A", "bytes<100": "", "bytes>=600kB": "B", "has:bytes.sparse": "A",
    # Results: means over seeds, whole sets, not superseded, of the current checkpoint.
    "digits.nll<=0.15": "A", "digits.nll>0.15": "CB", "digits.nll=0.15": "A", "digits.nll>=0.15": "ACB",
    "digits.nll<0.15": "", "digits.nll=0.5": "B", "digits.nll=0.3": "C", "-digits.nll>0": "D", "has:digits.nll": "ACB",
    "sort=-digits.nll": "BCAD", "sort=digits.nll": "ACBD",
    # Versions: the highest number, else the one with most values.
    "digits.top1@linear>0": "A", "digits.top1@full>0": "B", "digits@1.top1>0": "B", "digits@paper.top1=0.4": "C",
    "digits@2.top1@1@linear@1=60%": "A", "cars.top1@linear": "", "cars.top1>0.45": "", "cars.top1>0": "C",
    "cars.top1@linear@paper>0": "AC",
    "digits.nll@2<=0.3": "C", "digits@other.nll@2>0.8": "C",
    # Trust: one such result is enough, and who has none is neither.
    "trust=measured": "AB", "trust=reported": "C", "trust=derived": "",
    "trust!=reported": "AB", "-trust=reported": "DAB", "-has:trust": "D",
}  # fmt: skip


@pytest.fixture
def rules(catalogue: Engine) -> Engine:
    with session_scope(catalogue, write=True) as session:
        write_plugins(session)
        write_shelves(session, Oracle(shelves(), FAMILIES, PARAMETERS, {"top1@1"}))
    return catalogue


def test_what_is_not_published_was_registered_last_and_names_decide_at_last(catalogue: Engine) -> None:
    old, new = replace(CHECKPOINT, nonzeros=0), replace(CHECKPOINT, nonzeros=999)
    twins = [Shelf(replace(A, slug=None, hub_id=f"org/{name}"), [old, new]) for name in "ca"]
    twins += [Shelf(replace(A, slug=f"{name}/net/{name}"), [new, old]) for name in "zb"]
    with session_scope(catalogue, write=True) as session:
        write_plugins(session)
        write_shelves(session, Oracle(twins, FAMILIES, PARAMETERS, set()))
    assert letters(catalogue, "") == "BACZ"
    assert letters(catalogue, "nonzeros>0") == "AC"


def letters(engine: Engine, text: str) -> str:
    """The last letters of the names that are found."""
    with session_scope(engine) as session:
        return "".join(row.name[-1].upper() for row in find_models(session, text).rows)


def test_rules(rules: Engine) -> None:
    found = {text: letters(rules, text) for text in RULES}
    assert found == RULES


@pytest.mark.postgres
def test_the_language_of_the_database_changes_nothing(postgres_server: PostgresServer) -> None:
    """English order puts a before B; the search goes by bytes, as SQLite does."""
    url = postgres_server.create(language="en-US")
    engine = make_engine(url)
    upgrade(engine)
    with session_scope(engine, write=True) as session:
        write_plugins(session)
        write_shelves(session, Oracle(shelves(), FAMILIES, PARAMETERS, {"top1@1"}))
    expected = {text: RULES[text] for text in ("", "sort=-licence", "owner=école", "owner=ÉCOLE", "é", "É")}
    # Upper case before lower case, and the accent last.
    assert {text: letters(engine, text) for text in expected} == expected
    assert letters(engine, "sort=owner") == "ADBC"
    engine.dispose()
    postgres_server.drop(url)
