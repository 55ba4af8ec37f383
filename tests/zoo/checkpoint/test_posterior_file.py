"""The file of deviations: what it holds, to the byte, and what is refused."""

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from zoo.checkpoint.errors import CheckpointError, TensorFileError
from zoo.checkpoint.posterior_file import POSTERIOR, Deviations, read_posterior, write_posterior
from zoo.checkpoint.safetensors_file import from_numpy
from zoo.core.hashing import RawTensor, densified_hash

WEIGHT = np.array([[0.0, 1.0, -2.0], [3.0, 0.0, 0.5]], dtype="<f4")
SIGMA = np.array([[9.0, 0.1, 0.2], [0.3, np.nan, 0.4]], dtype="<f4")  # what stands at zeros does not matter


def tensors(weight: np.ndarray = WEIGHT) -> list[RawTensor]:
    return [from_numpy("fc.weight", weight), from_numpy("fc.bias", np.ones(2, dtype="<f4"))]


def written(folder: Path, sigma: np.ndarray = SIGMA) -> Path:
    write_posterior(folder, tensors(), Deviations("ivon", 450, {"fc.weight": sigma}), "ivon")
    return folder / POSTERIOR


def test_kept_weights_alone_are_stored_and_any_reader_of_safetensors_reads_them(tmp_path: Path) -> None:
    assert load_file(written(tmp_path))["fc.weight"].tolist() == pytest.approx([0.1, 0.2, 0.3, 0.4])
    found = read_posterior(tmp_path, tensors())
    assert (found.kind, found.method, found.samples) == ("ivon", "ivon", 450)
    assert found.weights == densified_hash(tensors())
    assert found.deviations["fc.weight"].tolist() == pytest.approx([0.1, 0.2, 0.3, 0.4])


def test_other_weights_are_refused(tmp_path: Path) -> None:
    written(tmp_path)
    with pytest.raises(CheckpointError, match=r"belongs to other weights.*\n.*remove the file"):
        read_posterior(tmp_path, tensors(2 * WEIGHT))


def test_without_a_file_it_says_which_methods_have_one(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match=r"has no posterior.*\n.*bayes-by-backprop"):
        read_posterior(tmp_path, tensors())


@pytest.mark.parametrize("bad", [0.0, -1.0, np.nan, np.inf])
def test_a_deviation_that_is_none_is_refused_before_it_is_written(bad: float, tmp_path: Path) -> None:
    sigma = SIGMA.copy()
    sigma[0, 1] = bad
    with pytest.raises(CheckpointError, match=r"of fc\.weight has deviations"):
        written(tmp_path, sigma)
    assert not (tmp_path / POSTERIOR).exists()


def test_a_broken_file_and_another_format_are_refused(tmp_path: Path) -> None:
    path = written(tmp_path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-3])
    with pytest.raises(TensorFileError):
        read_posterior(tmp_path, tensors())
    path.write_bytes(whole.replace(b"prunarium posterior 1", b"prunarium posterior 2"))
    with pytest.raises(CheckpointError, match="not a file of deviations"):
        read_posterior(tmp_path, tensors())
