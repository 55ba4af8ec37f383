"""What leaves a message before people outside read it, and what stays."""

import pytest

from registry.redaction import redacted


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("boom in /home/worker/secret.py:12", "boom in secret.py:12"),
        ("FileNotFoundError: '/srv/cache/blobs/abc'", "FileNotFoundError: 'abc'"),
        ("~/models/net.safetensors is cut", "net.safetensors is cut"),
        ("file:///var/lib/prunarium/blobs/ab is gone", "ab is gone"),
        (r"C:\Users\ada\net.bin is a pickle", "net.bin is a pickle"),
        ("Authorization: Bearer prn_0123456789abcdef", "Authorization: Bearer [removed]"),
        ("token hf_abcdefghij was refused", "token [token] was refused"),
        ("postgresql://ada:pass@db/prunarium refused", "postgresql://db/prunarium refused"),
        ("https://s3.example/net?X-Amz-Signature=abc123&b=1", "https://s3.example/net?X-Amz-Signature=[removed]&b=1"),
        # What a submitter needs to read.
        ("org/net@1a2b3c on https://huggingface.co has no such revision", None),
        ("missing fc.bias; surplus layer1.0.mask", None),
        ("conv1.weight is (3, 3), not (64, 3, 7, 7)", None),
        ("bn1.bias is F16, not F32", None),
        ("stated 90.40%, measured 90.0000% (1/2 of 12 prunable weights)", None),
    ],
)
def test_only_what_is_nobodys_business_goes(said: str, told: str | None) -> None:
    assert redacted(said) == (said if told is None else told)


def test_nothing_stays_nothing() -> None:
    assert redacted(None) is None
