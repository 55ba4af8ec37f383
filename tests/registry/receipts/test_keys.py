"""The signing key: made once, private, and refused when it is not safe."""

import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from receipt_samples import PUBLIC, rfc_key

from registry.errors import ReceiptError, SigningKeyError
from registry.receipts import PublicKey, load_key, make_key


def test_the_vector_of_the_rfc() -> None:
    """RFC 8032, section 7.1, test 1: the signature of the empty message."""
    signature = (
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe"
        "24655141438e7a100b"
    )
    assert rfc_key().sign(b"") == signature
    assert rfc_key().public.hex == PUBLIC
    assert PublicKey(PUBLIC).verifies(signature, b"")
    assert not PublicKey(PUBLIC).verifies(signature, b"x")


def test_a_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "home" / "key.pem"
    made = make_key(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_key(path).public == made.public
    before = path.read_bytes()
    with pytest.raises(SigningKeyError, match="There is a key at"):
        make_key(path)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["key.pem"]


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    make_key(path)
    path.chmod(0o644)
    with pytest.raises(SigningKeyError, match="mode 0644") as readable:
        load_key(path)
    assert readable.value.hint == f"chmod 600 {path}"


def test_no_key_a_damaged_one_and_one_of_another_kind(tmp_path: Path) -> None:
    with pytest.raises(SigningKeyError, match="no key to sign with") as missing:
        load_key(tmp_path / "key.pem")
    assert "keygen" in str(missing.value.hint)
    other = Ed448PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    for data, words in ((b"-----BEGIN", "is no key"), (other, "another kind of key")):
        path = tmp_path / "key.pem"
        path.write_bytes(data)
        path.chmod(0o600)
        with pytest.raises(SigningKeyError, match=words):
            load_key(path)


@pytest.mark.parametrize("text", ["", "ed25519:", "ed25519:" + "0" * 63, "0" * 65, "G" * 64, "A" * 64])
def test_texts_that_are_no_key(text: str) -> None:
    with pytest.raises(ReceiptError, match="no public key"):
        PublicKey.parse(text)


def test_a_key_is_written_as_it_is_read() -> None:
    key = PublicKey(PUBLIC)
    assert PublicKey.parse(str(key)) == PublicKey.parse(PUBLIC) == PublicKey.parse(f" {key}\n") == key
