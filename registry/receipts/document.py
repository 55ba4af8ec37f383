"""The document ``receipt.json``: its fields, its one form as bytes, and what exactly is signed."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from zoo.checkpoint.errors import ConfigError
from zoo.checkpoint.strict import decode, parse_json
from zoo.core.canonical import canonical_json

from ..errors import NewerReceiptError, ReceiptError
from .keys import PublicKey, SigningKey

FORMAT: Final = "prunarium-receipt"
SCHEMA: Final = 1
_DOMAIN: Final = b"prunarium receipt 1\n"  # no other thing that this key signs begins so
_LIMIT_BYTES: Final = 64 * 2**20


@dataclass(frozen=True, kw_only=True)
class Evaluated:
    """What was evaluated on what: model as slug or hub id, task and protocol as ``name@version``."""

    model: str
    task: str
    protocol: str
    seed: int


@dataclass(frozen=True, kw_only=True)
class Weights:
    """The identity of the checkpoint, and its mask."""

    densified_hash: str
    architecture: str
    preprocessing_hash: str
    mask_hash: str


@dataclass(frozen=True, kw_only=True)
class Machine:
    """What computed; stated by it, and not to be checked from elsewhere."""

    device: str
    threads: int
    batch_divisor: int
    packages: dict[str, str]
    code_version: str


@dataclass(frozen=True, kw_only=True)
class PredictionFile:
    """One condition's predictions: their file, their arrays whatever the file, and the sparsity around the protocol."""

    condition: str
    sha256: str
    array_hash: str
    size_bytes: int
    n: int
    sparsity_before: float | None
    sparsity_after: float | None


@dataclass(frozen=True, kw_only=True)
class Value:
    """One number as the catalogue has it; metric as ``name@version``."""

    metric: str
    condition: str
    value: float | None
    missing_reason: str | None
    n: int | None
    ci_low: float | None
    ci_high: float | None
    interval_method: str | None
    no_interval_reason: str | None
    trust: str


@dataclass(frozen=True, kw_only=True)
class Signature:
    """``algorithm`` is ``ed25519``, ``public_key`` and ``value`` are lower-case hex; ``value`` is empty at first."""

    algorithm: str
    public_key: str
    value: str


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """Everything in it is signed but the value of the signature. Equal evaluations have equal receipts: no times."""

    format: str = FORMAT
    schema: int = SCHEMA
    evaluated: Evaluated
    weights: Weights
    config_hash: str
    data: dict[str, str]
    machine: Machine
    predictions: tuple[PredictionFile, ...]
    values: tuple[Value, ...]
    signature: Signature | None = None

    def to_json(self) -> dict[str, Any]:
        """JSON types only."""
        document = asdict(self)
        return document | {name: list(document[name]) for name in ("predictions", "values")}

    def to_bytes(self) -> bytes:
        """Canonical JSON and a newline: the only form of a receipt."""
        return canonical_json(self.to_json()) + b"\n"

    def signed(self, key: SigningKey) -> "Receipt":
        """The same receipt with a signature by ``key``."""
        signature = Signature(algorithm="ed25519", public_key=key.public.hex, value="")
        value = key.sign(replace(self, signature=signature)._to_sign())
        return replace(self, signature=replace(signature, value=value))

    @property
    def key(self) -> PublicKey | None:
        """The key that it names. Raises :class:`~registry.errors.ReceiptError` for one that is none."""
        return None if self.signature is None else PublicKey.from_hex(self.signature.public_key)

    def is_signed_well(self) -> bool:
        """Whether the signature is that of the key that it names; whose key that is, is another question."""
        if self.signature is None or self.key is None or self.signature.algorithm != "ed25519":
            return False
        return self.key.verifies(self.signature.value, self._to_sign())

    def _to_sign(self) -> bytes:
        if self.signature is None:
            raise ReceiptError("A receipt without a signature has nothing to sign with.")
        unsigned = replace(self, signature=replace(self.signature, value=""))
        return _DOMAIN + canonical_json(unsigned.to_json())


def read_receipt(data: bytes, where: str = "receipt.json") -> Receipt:
    """The receipt of its bytes.

    Raises :class:`~registry.errors.NewerReceiptError` for one of a later schema, and
    :class:`~registry.errors.ReceiptError` for anything that :meth:`Receipt.to_bytes` did not write: unknown, missing or
    mistyped fields, and the same document in other bytes.
    """
    if len(data) > _LIMIT_BYTES:
        raise ReceiptError(f"{where} is larger than {_LIMIT_BYTES:,} bytes: no receipt is.")
    try:
        document = parse_json(data, where)
        _refuse_other_formats(document, where)
        receipt = decode(Receipt, document, where)
    except ConfigError as error:
        raise ReceiptError(error.message, error.hint) from error
    if receipt.to_bytes() != data:
        raise ReceiptError(
            f"{where} says what a receipt says in other bytes: spaces, order of keys or forms of numbers differ.",
            "Fetch it again; a receipt is not to be reformatted.",
        )
    return receipt


def _refuse_other_formats(document: Any, where: str) -> None:
    if isinstance(document, Mapping) and str(document.get("schema")).startswith("prunarium fine-tune"):
        raise ReceiptError(
            f"{where} is of a fine-tuning on somebody's own images: without them nobody can score it again.",
            "With them, repeat it: the request in it says how.",
        )
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        raise ReceiptError(
            f"{where} is no receipt of Prunarium.", "Make one: prunarium benchmark receipt MODEL --task T"
        )
    schema = document.get("schema")
    if type(schema) is int and schema > SCHEMA:
        raise NewerReceiptError(
            f"{where} is a receipt of schema {schema}; this version reads schema {SCHEMA}.",
            "Upgrade: pip install --upgrade prunarium",
        )
    if schema != SCHEMA or type(schema) is not int:
        raise ReceiptError(f"{where}: there is no schema {schema!r} of receipts.")
