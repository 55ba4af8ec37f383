"""Two runs of one job on two machines, by their receipts."""

from pathlib import Path

import pytest
from kept_predictions import SPARSE, kept_predictions, pair_of_logits

from benchmark.noise_floor import NoiseFloor, Perturbed, store
from benchmark.receipt_agreement import agreement_of_receipts
from benchmark.receipt_files import write_receipts
from prunarium.cli import run
from registry.receipts import KEY_FILE, make_key
from zoo.core.errors import UsageError

GOOD, _, LABELS = pair_of_logits()


def _receipt(home: Path, flips: int, seed: int = 0) -> Path:
    """The receipt of a machine where a few images come out otherwise, its predictions beside it."""
    values = GOOD.copy()
    values[:flips] = -values[:flips]
    with kept_predictions(home) as made:
        made.add(SPARSE, {"": values}, LABELS, protocol="full@1", seed=seed)
        make_key(home / KEY_FILE)
        ((path, receipt),) = write_receipts(SPARSE, home, home / KEY_FILE, settings=made.settings)
    sha256 = receipt.predictions[0].sha256
    (home.parent / sha256).write_bytes((home / "blobs" / sha256[:2] / sha256[2:4] / sha256).read_bytes())
    return path


def test_equal_within_and_beyond(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here, there, far = (_receipt(tmp_path / name, flips) for name, flips in (("a", 0), ("b", 2), ("c", 9)))
    monkeypatch.setenv("PRUNARIUM_HOME", str(tmp_path / "a"))
    assert agreement_of_receipts(here, here).verdict == "equal bits"
    assert agreement_of_receipts(here, there, files=tmp_path).verdict == "beyond the noise floor"
    batch = Perturbed(kind="batch", setting="2", n=300, flipped=3, judged=3, difference=0.0, largest_change=1e-6)
    floor = NoiseFloor(
        model=SPARSE, densified_hash="d1:0", task="digits-5-9@1", protocol="full@1", metric="top1@1", value=0.8,
        device="cpu", packages={}, runs=(batch,),
    )  # fmt: skip
    from registry.settings import load_settings

    store(floor, load_settings())
    assert agreement_of_receipts(here, there, files=tmp_path).verdict == "within the noise floor"
    for other, code in ((there, 0), (far, 1)):
        assert run(["benchmark", "agree", str(here), str(other), "--files", str(tmp_path)]) == code


def test_other_jobs_are_not_compared(tmp_path: Path) -> None:
    one, other = (_receipt(tmp_path / str(seed), 0, seed) for seed in (0, 1))
    with pytest.raises(UsageError, match="different jobs"):
        agreement_of_receipts(one, other, files=tmp_path)
