"""The receipt's bytes: pinned, one form only, and every change in them found."""

import hashlib
import json
from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from receipt_samples import PUBLIC, SAMPLE, changed_documents, rfc_key

from registry.errors import NewerReceiptError, ReceiptError
from registry.receipts import Receipt, SigningKey, read_receipt
from zoo.core.canonical import canonical_json

SIGNED = SAMPLE.signed(rfc_key())
DOCUMENT = json.loads(SIGNED.to_bytes())


def encoded(document: object) -> bytes:
    return canonical_json(document) + b"\n"


def test_the_bytes_are_these() -> None:
    """Change them and every receipt that was ever signed is void: a new schema is needed."""
    assert SAMPLE.to_bytes() == (
        b'{"config_hash":"dd","data":{"digits:5-9":"ee"},"evaluated":{"model":"gmp/net/0.90","protocol":"linear@1",'
        b'"seed":0,"task":"digits-5-9@1"},"format":"prunarium-receipt","machine":{"batch_divisor":1,"code_version":'
        b'"0.1.0","device":"cpu","packages":{"numpy":"2.0.0"},"threads":1},"predictions":[{"array_hash":"a1:00",'
        b'"condition":"","n":4,"sha256":"ff","size_bytes":10,"sparsity_after":0.9,"sparsity_before":0.9}],"schema":1,'
        b'"signature":null,"values":[{"ci_high":0.95,"ci_low":0.3,"condition":"","interval_method":"wilson","metric":'
        b'"top1@1","missing_reason":null,"n":4,"no_interval_reason":null,"trust":"measured","value":0.75}],"weights":'
        b'{"architecture":"net","densified_hash":"d1:aa","mask_hash":"m1:cc","preprocessing_hash":"bb"}}\n'
    )


def test_what_is_signed_can_be_checked_with_the_standard_alone() -> None:
    """Ed25519 over a line, then the document with an empty signature value: nothing of ours is needed."""
    document = json.loads(SIGNED.to_bytes())
    value = document["signature"]["value"]
    document["signature"]["value"] = ""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(PUBLIC))
    key.verify(bytes.fromhex(value), b"prunarium receipt 1\n" + text.encode())


def test_it_comes_back_and_is_signed_well() -> None:
    assert read_receipt(SIGNED.to_bytes()) == SIGNED
    assert SIGNED.is_signed_well()
    assert SIGNED.key == rfc_key().public
    assert SIGNED.key is not None
    assert SIGNED.key.id == f"k1:{hashlib.sha256(bytes.fromhex(PUBLIC)).hexdigest()[:16]}"
    assert not SAMPLE.is_signed_well()
    assert SAMPLE.key is None


@pytest.mark.parametrize(("where", "document"), list(changed_documents(DOCUMENT)), ids=lambda part: str(part)[:40])
def test_any_one_change_is_found(where: str, document: object) -> None:
    """Each field changed in turn, each list and object shortened: unreadable, or not signed well."""
    try:
        receipt = read_receipt(encoded(document))
    except ReceiptError:
        return
    assert not receipt.is_signed_well(), where


@pytest.mark.parametrize(
    "data",
    [
        json.dumps(DOCUMENT, sort_keys=True, indent=2).encode() + b"\n",
        SIGNED.to_bytes().rstrip(b"\n"),
        SIGNED.to_bytes() + b"\n",
        b"\xef\xbb\xbf" + SIGNED.to_bytes(),
        SIGNED.to_bytes().replace(b'"value":0.75', b'"value":7.5e-1'),
        SIGNED.to_bytes().replace(b'"value":0.75', b'"value":0.750'),
        SIGNED.to_bytes().replace(b'"format"', b'"f\\u006frmat"'),
        SIGNED.to_bytes().replace(b'"schema":1', b'"schema":1,"schema":1'),
        SIGNED.to_bytes().replace(b'"value":0.75', b'"value":NaN'),
        SIGNED.to_bytes().replace(b'"seed":0', b'"seed":-0'),
        SIGNED.to_bytes().replace(b'"seed":0', b'"seed":false'),
    ],
    ids=["indented", "no newline", "two newlines", "byte order mark", "exponent", "trailing zero", "escape", "twice",
         "not a number", "minus zero", "false for 0"],
)  # fmt: skip
def test_the_same_document_in_other_bytes_is_refused(data: bytes) -> None:
    with pytest.raises(ReceiptError):
        read_receipt(data)


def test_a_signature_has_one_form() -> None:
    """S + L is the same signature to a careless verifier; upper-case digits are the same number."""
    assert SIGNED.signature is not None
    value = bytes.fromhex(SIGNED.signature.value)
    order = 2**252 + 27742317777372353535851937790883648493
    larger = (int.from_bytes(value[32:], "little") + order).to_bytes(32, "little")
    for other in (
        (value[:32] + larger).hex(),
        SIGNED.signature.value.upper(),
        "",
        "00" * 64,
        SIGNED.signature.value + "00",
    ):
        forged = replace(SIGNED, signature=replace(SIGNED.signature, value=other))
        assert not forged.is_signed_well()


def test_the_signature_of_another_key_is_its_own() -> None:
    """A forger can sign anything with a key of his own: what tells is which key it is."""
    forger = SigningKey(Ed25519PrivateKey.generate())
    forged = replace(SAMPLE, config_hash="00").signed(forger)
    assert forged.is_signed_well()
    assert forged.key != SIGNED.key
    assert SIGNED.signature is not None
    borrowed = replace(forged, signature=replace(SIGNED.signature, public_key=forger.public.hex))
    assert not borrowed.is_signed_well()


def test_a_key_of_low_order_signs_nothing() -> None:
    """With the neutral element as key, a zero S is a signature of everything to a careless verifier."""
    assert SIGNED.signature is not None
    neutral = "01" + "00" * 31
    for point in (neutral, "00" * 32):
        forged = replace(SIGNED, signature=replace(SIGNED.signature, public_key=point, value=neutral + "00" * 32))
        assert not forged.is_signed_well() or forged.key != SIGNED.key


def test_a_later_schema_says_what_to_do() -> None:
    document = DOCUMENT | {"schema": 2, "something": "new"}
    with pytest.raises(NewerReceiptError, match="schema 2; this version reads schema 1") as newer:
        read_receipt(encoded(document))
    assert "upgrade" in str(newer.value.hint)


@pytest.mark.parametrize("schema", [0, -1, 1.0, True, "1", None])
def test_a_schema_that_never_was(schema: object) -> None:
    with pytest.raises(ReceiptError):
        read_receipt(encoded(DOCUMENT | {"schema": schema}))


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b"null", b"\xff", b'{"format":"zip"}', b"{" * 100_000], ids=lambda data: str(data[:12])
)
def test_what_is_no_receipt(data: bytes) -> None:
    with pytest.raises(ReceiptError):
        read_receipt(data)


def test_the_receipt_of_a_fine_tuning_is_told_apart() -> None:
    with pytest.raises(ReceiptError, match="fine-tuning on somebody's own images"):
        read_receipt(encoded({"schema": "prunarium fine-tune 1", "key": "0"}))


def test_unknown_and_missing_fields_are_refused() -> None:
    with pytest.raises(ReceiptError, match="unknown fields extra"):
        read_receipt(encoded(DOCUMENT | {"extra": 1}))
    with pytest.raises(ReceiptError, match="missing fields weights"):
        read_receipt(encoded({name: value for name, value in DOCUMENT.items() if name != "weights"}))


def test_equal_evaluations_have_equal_receipts() -> None:
    again = Receipt(**vars(SAMPLE)).signed(rfc_key())
    assert again.to_bytes() == SIGNED.to_bytes()
