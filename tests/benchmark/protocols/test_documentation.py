"""docs/benchmark.md states every protocol of transfer tasks."""

from pathlib import Path

from benchmark.protocols import PROTOCOLS


def test_every_transfer_protocol_is_stated() -> None:
    text = (Path(__file__).parents[3] / "docs" / "benchmark.md").read_text(encoding="utf-8")
    for name, protocol in PROTOCOLS.items():
        if "transfer" in protocol.facts.task_kinds:
            stem, _, version = name.partition("@")
            assert f"`{name}`" in text or (
                stem.startswith("few-shot") and f"-{stem.rpartition('-')[2]}@{version}`" in text
            )
