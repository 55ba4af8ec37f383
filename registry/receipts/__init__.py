"""Receipts: what one evaluation found and what it was made of, signed, so that anybody can check it later.

The format is described in docs/receipts.md. Free of torch; scoring anew is :mod:`benchmark.receipt_check`.
"""

from .document import SCHEMA, Evaluated, Machine, PredictionFile, Receipt, Value, Weights, read_receipt
from .keys import KEY_FILE, PublicKey, SigningKey, load_key, make_key
from .making import make_receipt

__all__ = [
    "KEY_FILE",
    "SCHEMA",
    "Evaluated",
    "Machine",
    "PredictionFile",
    "PublicKey",
    "Receipt",
    "SigningKey",
    "Value",
    "Weights",
    "load_key",
    "make_key",
    "make_receipt",
    "read_receipt",
]
