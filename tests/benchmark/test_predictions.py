"""The blob: byte for byte the same, read back as it was, refused when it is not what was stored."""

import io
from collections.abc import Callable
from dataclasses import fields

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from metric_inputs import ids_of, random_logits, random_predictions

from benchmark.columns import Columns
from benchmark.errors import CorruptPredictionsError, LogitsError, PredictionsError
from benchmark.logits import Logits
from benchmark.predictions import SMALLEST_GAP, Predictions

# Worked out by hand from the definition with hashlib, math and struct alone; pinned so that old receipts stay valid.
HASH_OF_THREE = "a1:dd5e0ba05acceeb485ceb1ae9cf00a1890a944a596897532b1e96c9a1dee0ee1"


def three() -> Predictions:
    logits = np.array([[0.0, 1.0], [2.0, -1.5], [0.25, 0.25]])
    return Predictions.from_logits(["b", "a", "c"], np.array([1, 1, 0]), Logits(logits), "blur/3", 1.5)


@given(n=st.integers(1, 40), classes=st.integers(1, 9), seed=st.integers(0, 999))
def test_what_is_read_is_what_was_written(n: int, classes: int, seed: int) -> None:
    predictions = random_predictions(n, classes, seed, temperature=None)
    data = predictions.to_parquet()
    back = Predictions.from_parquet(data)
    assert back.ids == predictions.ids
    assert back.array_hash() == predictions.array_hash()
    assert back.to_parquet() == data


def test_order_leaves_no_trace() -> None:
    logits, labels = random_logits(60, 5)
    ids, order = ids_of(60), np.random.default_rng(0).permutation(60)
    for dtype in (np.float32, np.float64):
        first = Predictions.from_logits(ids, labels, Logits(logits.astype(dtype)))
        second = Predictions.from_logits(
            [ids[i] for i in order], labels[order].astype(np.int32), Logits(logits[order].astype(dtype))
        )
        assert first.to_parquet() == second.to_parquet()


@pytest.mark.parametrize("scale", [0.1, 1.0, 30.0])
def test_work_in_single_precision_costs_no_digit_that_is_stored(scale: float) -> None:
    logits, labels = random_logits(200, 1000, scale=scale)
    single = Logits(logits.astype(np.float32))
    fast, exact = (Predictions.from_logits(ids_of(200), labels, Logits(single.values.astype(kind))).samples.columns
                   for kind in (np.float32, np.float64))  # fmt: skip
    for name in ("max_logit", "log_normaliser", "true_gap", "rest_squares", "entropy"):
        assert getattr(fast, name) == pytest.approx(getattr(exact, name), rel=2e-6, abs=1e-30), name
    for name in ("labels", "argmax", "true_rank"):
        assert (getattr(fast, name) == getattr(exact, name)).all(), name


def test_the_schema_is_this_one() -> None:
    schema = pq.read_schema(io.BytesIO(three().to_parquet()))
    assert [(field.name, str(field.type)) for field in schema] == [
        ("id", "string"),
        ("labels", "int32"),
        ("argmax", "int32"),
        ("true_rank", "int32"),
        ("max_logit", "float"),
        ("log_normaliser", "float"),
        ("true_gap", "float"),
        ("rest_squares", "float"),
        ("entropy", "float"),
        ("gaps", "fixed_size_list<element: halffloat>[2]"),
    ]
    assert schema.metadata == {
        b"prunarium": (
            f'{{"array_hash":"{three().array_hash()}","condition":"blur/3","schema":1,"temperature":1.5}}'
        ).encode()
    }


def test_the_rows_are_these() -> None:
    table = pq.read_table(io.BytesIO(three().to_parquet())).to_pydict()
    assert table["id"] == ["a", "b", "c"]
    assert table["labels"] == [1, 1, 0]
    assert table["argmax"] == [0, 1, 0]
    assert table["true_rank"] == [1, 0, 0]
    assert table["max_logit"] == [2.0, 1.0, 0.25]
    assert table["true_gap"] == [-3.5, 0.0, 0.0]
    assert [[float(gap) for gap in row] for row in table["gaps"]] == [[0.0, -3.5], [-1.0, 0.0], [0.0, 0.0]]
    assert table["log_normaliser"] == pytest.approx(np.log1p(np.exp([-3.5, -1.0, 0.0])), rel=1e-7)


def test_the_array_hash_is_pinned_and_knows_every_part() -> None:
    base = three()
    assert base.array_hash() == HASH_OF_THREE
    others = {
        Predictions(base.ids, base.samples, "blur/4", 1.5).array_hash(),
        Predictions(base.ids, base.samples, "blur/3", None).array_hash(),
        Predictions(("a", "b", "d"), base.samples, "blur/3", 1.5).array_hash(),
        Predictions(("ab", "b", "c"), base.samples, "blur/3", 1.5).array_hash(),
        random_predictions(3, 2).array_hash(),
    }
    assert len(others) == 5
    assert base.array_hash() not in others


def test_a_gap_beyond_half_precision_stays_finite() -> None:
    predictions = Predictions.from_logits(["a"], np.array([1]), Logits(np.array([[0.0, -1e6]])))
    assert predictions.samples.all_gaps().tolist() == [[0.0, SMALLEST_GAP]]
    assert predictions.samples.columns.true_gap.tolist() == [-1e6]
    assert Predictions.from_parquet(predictions.to_parquet()).samples.columns.true_gap.tolist() == [-1e6]


def test_images_without_labels_are_kept_as_such() -> None:
    predictions = Predictions.from_logits(["a", "b"], None, Logits(np.eye(2)))
    assert not Predictions.from_parquet(predictions.to_parquet()).samples.columns.labelled()


@pytest.mark.parametrize("position", [10, 100, 400, -30, -5])
def test_a_changed_byte_is_noticed(position: int) -> None:
    data = bytearray(random_predictions(30, 4).to_parquet())
    data[position] ^= 0x41
    with pytest.raises(CorruptPredictionsError):
        Predictions.from_parquet(bytes(data))


@pytest.mark.parametrize("data", [b"", b"PAR1", b"not a file of predictions"])
def test_what_is_no_blob_is_refused(data: bytes) -> None:
    with pytest.raises(CorruptPredictionsError, match="does not read as one"):
        Predictions.from_parquet(data)


def test_a_cut_blob_is_refused() -> None:
    data = random_predictions(30, 4).to_parquet()
    with pytest.raises(CorruptPredictionsError):
        Predictions.from_parquet(data[: len(data) // 2])


def rewritten(change: dict[str, pa.Array], drop: str | None = None, metadata: bytes | None = None) -> bytes:
    table = pq.read_table(io.BytesIO(three().to_parquet()))
    for name, column in change.items():
        table = table.set_column(table.schema.get_field_index(name), name, column)
    if drop is not None:
        table = table.drop_columns([drop])
    if metadata is not None:
        table = table.replace_schema_metadata({"prunarium": metadata})
    sink = io.BytesIO()
    pq.write_table(table, sink)
    return sink.getvalue()


def test_a_polished_label_does_not_have_the_hash() -> None:
    data = rewritten({"max_logit": pa.array([2.0, 1.0, 0.5], pa.float32())})
    with pytest.raises(CorruptPredictionsError, match="do not have the hash"):
        Predictions.from_parquet(data)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (lambda: rewritten({}, drop="entropy"), "its columns are"),
        (lambda: rewritten({"labels": pa.array([1, 1, 0], pa.int64())}), "its columns are"),
        (lambda: rewritten({"labels": pa.array([1, None, 0], pa.int32())}), "empty cells"),
        (lambda: rewritten({"labels": pa.array([0, 1, 0], pa.int32())}), "rank 0 is the argmax"),
        (lambda: rewritten({"id": pa.array(["a", "a", "b"])}), "breaks it"),
        (lambda: rewritten({}, metadata=b"{}"), "its metadata are"),
        (lambda: rewritten({}, metadata=b"nonsense"), "does not read as one"),
        (lambda: rewritten({}, metadata=b"[1]"), "its metadata are"),
    ],
)
def test_a_file_of_another_schema_is_refused(data: Callable[[], bytes], message: str) -> None:
    with pytest.raises(CorruptPredictionsError, match=message):
        Predictions.from_parquet(data())


def test_of_large_sets_the_twenty_largest_logits_are_kept() -> None:
    logits, labels = random_logits(30, 50)
    logits = logits.round(1)  # ties on purpose, some of them across the cut
    whole = Predictions.from_logits(ids_of(30), labels, Logits(logits), temperature=1.3)
    top = Predictions.from_logits(ids_of(30), labels, Logits(logits), temperature=1.3, keep="top")
    back = Predictions.from_parquet(top.to_parquet())
    assert back.array_hash() == top.array_hash()
    assert back.to_parquet() == top.to_parquet()
    assert back.samples.classes == 50
    for name, values in whole.samples.columns.present().items():
        assert (getattr(back.samples.columns, name) == values).all(), name
    order = np.argsort(-logits, axis=1, kind="stable")[:, :20]
    assert back.samples.top is not None
    assert back.samples.gaps is not None
    assert (back.samples.top == order).all()
    assert (back.samples.gaps == np.take_along_axis(whole.samples.all_gaps(), order, axis=1)).all()
    assert (
        dict(pq.read_schema(io.BytesIO(top.to_parquet())).metadata)[b"prunarium"].decode()
        == f'{{"array_hash":"{top.array_hash()}","classes":50,"condition":"","schema":2,"temperature":1.3}}'
    )


def test_of_few_classes_all_are_kept() -> None:
    logits, labels = random_logits(30, 20)
    top = Predictions.from_logits(ids_of(30), labels, Logits(logits), keep="top")
    assert top.to_parquet() == Predictions.from_logits(ids_of(30), labels, Logits(logits)).to_parquet()


def test_optional_columns_follow_their_images() -> None:
    extra = {"expected_entropy": np.array([0.25, 0.5]), "knn": np.array([-2.0, -1.0])}
    given = Predictions.from_logits(["b", "a"], np.array([0, 1]), Logits(np.eye(2)), extra=extra)
    back = Predictions.from_parquet(given.to_parquet()).samples.columns
    assert back.expected_entropy is not None
    assert back.expected_entropy.tolist() == [0.5, 0.25]
    assert back.knn is not None
    assert back.knn.tolist() == [-1.0, -2.0]
    assert back.mahalanobis is None


def test_an_image_of_a_thousand_classes_is_at_most_64_bytes_beside_its_logits() -> None:
    logits, labels = random_logits(40, 1000)
    everything = {name: np.ones(40) for name in ("expected_entropy", "mahalanobis", "knn")}
    stored = Predictions.from_logits(
        ids_of(40), labels, Logits(logits), temperature=2.0, keep="top", extra=everything
    ).samples.columns
    assert len(stored.present()) == len(fields(Columns))
    assert sum(values.nbytes for values in stored.present().values()) <= 64 * 40


def test_what_is_not_kept_is_said() -> None:
    logits, labels = random_logits(30, 50)
    top = Predictions.from_logits(ids_of(30), labels, Logits(logits), keep="top")
    assert top.lacks(["true_rank", "entropy"]) is None
    assert "20 largest logits are kept" in (top.lacks(["gaps"]) or "")
    assert "no temperature" in (top.lacks(["temperature"]) or "")
    assert "posterior" in (top.lacks(["expected_entropy"]) or "")
    assert "features" in (top.lacks(["knn"]) or "")


def test_ids_must_differ() -> None:
    with pytest.raises(PredictionsError, match="'a' breaks it"):
        Predictions.from_logits(["a", "a"], np.array([0, 1]), Logits(np.eye(2)))


def test_every_image_needs_an_id_and_a_label() -> None:
    with pytest.raises(PredictionsError, match="got 1 for 2 images"):
        Predictions.from_logits(["a"], np.array([0, 1]), Logits(np.eye(2)))
    with pytest.raises(LogitsError, match="Expected 2 labels"):
        Predictions.from_logits(["a", "b"], np.array([0]), Logits(np.eye(2)))
    with pytest.raises(LogitsError, match="between 0 and 1"):
        Predictions.from_logits(["a", "b"], np.array([0, 2]), Logits(np.eye(2)))


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_a_temperature_is_above_zero(temperature: float) -> None:
    with pytest.raises(PredictionsError, match="temperature"):
        Predictions.from_logits(["a"], np.array([0]), Logits(np.zeros((1, 2))), temperature=temperature)
