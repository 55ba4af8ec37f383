"""The identity of a model is pinned: a change of these values orphans every published checkpoint."""

import hashlib
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoo.core.hashing import DensifiedHasher, RawTensor, densified_hash, mask_hash, preprocessing_hash

BIAS = RawTensor("b", "F32", (2,), np.array([1.0, -2.5], dtype="<f4").tobytes())
WEIGHT = RawTensor("a.weight", "F32", (2, 2), np.array([[0.0, 1.0], [0.5, 0.0]], dtype="<f4").tobytes())


def test_densified_hash_is_sha256_of_these_literal_bytes() -> None:
    literal = (
        b"prunarium densified hash 1\n"
        b"\x08\0\0\0\0\0\0\0a.weight\x03\0\0\0\0\0\0\0F32\x03\0\0\0\0\0\0\x002,2"
        b"\x10\0\0\0\0\0\0\0" + struct.pack("<4f", 0.0, 1.0, 0.5, 0.0) + b"\x01\0\0\0\0\0\0\0b\x03\0\0\0\0\0\0\0F32"
        b"\x01\0\0\0\0\0\0\x002\x08\0\0\0\0\0\0\0" + struct.pack("<2f", 1.0, -2.5)
    )
    expected = "d1:" + hashlib.sha256(literal).hexdigest()
    assert densified_hash([BIAS, WEIGHT]) == densified_hash([WEIGHT, BIAS]) == expected
    assert expected == "d1:7c90a2aebad1ea44575ef901510e0249785ba55ec15ca858315545b08349f2ce"


def test_mask_hash_is_sha256_of_these_literal_bytes() -> None:
    masks = {"a.weight": np.array([[False, True], [True, False]]), "c": np.ones(9, dtype=bool)}
    literal = (
        b"prunarium mask hash 1\n"
        b"\x08\0\0\0\0\0\0\0a.weight\x03\0\0\0\0\0\0\x002,2\x01\0\0\0\0\0\0\0\x06"
        b"\x01\0\0\0\0\0\0\0c\x01\0\0\0\0\0\0\x009\x02\0\0\0\0\0\0\0\xff\x01"
    )
    assert (
        mask_hash(masks)
        == "m1:" + hashlib.sha256(literal).hexdigest()
        == "m1:e6f74742aa9b76d53bfbb4fd26c6601ef8ecfbfbaeec36a4deab972b03d11acf"
    )


def test_preprocessing_hash_names_its_scheme() -> None:
    assert preprocessing_hash(b"{}") == "p1:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"


@given(st.sampled_from(["name", "dtype", "shape", "data"]))
def test_every_field_changes_the_hash(field: str) -> None:
    changed = {
        "name": BIAS._replace(name="bb"),
        "dtype": BIAS._replace(dtype="I32"),
        "shape": BIAS._replace(shape=(1, 2)),
        "data": BIAS._replace(data=np.array([1.0, -2.0], dtype="<f4").tobytes()),
    }
    assert densified_hash([changed[field]]) != densified_hash([BIAS])


def test_moving_a_boundary_between_name_and_dtype_changes_the_hash() -> None:
    one = RawTensor("ab", "F32", (), b"\0\0\0\0")
    other = RawTensor("a", "bF32", (), b"\0\0\0\0")
    assert densified_hash([one]) != densified_hash([other])


def test_tensors_may_pass_by_one_at_a_time_in_the_order_of_their_names() -> None:
    hasher = DensifiedHasher()
    hasher.update(WEIGHT)
    hasher.update(BIAS)
    assert hasher.value() == densified_hash([BIAS, WEIGHT])
    for late in (BIAS, WEIGHT):
        with pytest.raises(ValueError, match="does not come after 'b'"):
            hasher.update(late)
    assert hasher.value() == densified_hash([BIAS, WEIGHT])


def test_two_tensors_of_one_name_have_no_hash() -> None:
    with pytest.raises(ValueError, match="does not come after"):
        densified_hash([BIAS, BIAS])
