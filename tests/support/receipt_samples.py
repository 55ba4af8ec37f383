"""A receipt of invented numbers, and every way of changing one thing in a JSON document."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from registry.receipts import Evaluated, Machine, PredictionFile, Receipt, SigningKey, Value, Weights

# RFC 8032, section 7.1, test 1: a published key pair.
PRIVATE = bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
PUBLIC = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"


def rfc_key() -> SigningKey:
    """The key of the RFC."""
    return SigningKey(Ed25519PrivateKey.from_private_bytes(PRIVATE))


SAMPLE = Receipt(
    evaluated=Evaluated(model="gmp/net/0.90", task="digits-5-9@1", protocol="linear@1", seed=0),
    weights=Weights(densified_hash="d1:aa", architecture="net", preprocessing_hash="bb", mask_hash="m1:cc"),
    config_hash="dd",
    data={"digits:5-9": "ee"},
    machine=Machine(device="cpu", threads=1, batch_divisor=1, packages={"numpy": "2.0.0"}, code_version="0.1.0"),
    predictions=(
        PredictionFile(
            condition="", sha256="ff", array_hash="a1:00", size_bytes=10, n=4, sparsity_before=0.9, sparsity_after=0.9
        ),
    ),
    values=(
        Value(
            metric="top1@1", condition="", value=0.75, missing_reason=None, n=4, ci_low=0.3, ci_high=0.95,
            interval_method="wilson", no_interval_reason=None, trust="measured",
        ),
    ),
)  # fmt: skip


def changed_documents(document: Any) -> Iterator[tuple[str, Any]]:
    """(where, document): each leaf with another value of its kind, each list and object with one part less."""
    for path in _paths(document):
        whole = deepcopy(document)
        at = whole
        for step in path[:-1]:
            at = at[step]
        where = ".".join(map(str, path))
        value = at[path[-1]]
        if isinstance(value, list) and value:
            value.pop()
        elif isinstance(value, dict) and value:
            value.pop(next(iter(value)))
        else:
            at[path[-1]] = _other(value)
        yield where, whole


def _paths(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in parts:
        yield (*path, key)
        yield from _paths(part, (*path, key))


def _other(value: Any) -> Any:
    if isinstance(value, str):
        return ("0" if value[:1] != "0" else "1") + value[1:]
    if isinstance(value, int | float):
        return value + 1
    return "something" if value is None else None
