"""A few images to calibrate on: which ones, from what layouts, and that no others are read."""

from pathlib import Path

import pytest
from miniature import samples, write_folders

from zoo.data import load_calibration
from zoo.data.folder import ImageFiles
from zoo.errors import CalibrationError

NAMES = ("tench", "goldfish", "shark")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    write_folders(tmp_path / "train", samples([4, 3, 2]), NAMES)
    write_folders(tmp_path / "val", samples([1, 2, 1], start=50), NAMES)
    return tmp_path


def test_the_training_images_are_taken_whether_the_folder_is_named_or_the_one_above_it(root: Path) -> None:
    above, itself = (load_calibration(f"folder:{path}", 100) for path in (root, root / "train"))
    assert above.sha256 == itself.sha256
    assert (len(above.split), above.available) == (9, 9)
    assert sorted(above.class_names) == sorted(NAMES)


def test_only_the_chosen_images_are_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    real = ImageFiles.read

    def watched(self: ImageFiles, index: int) -> bytes:
        read.append(self.name(index))
        return real(self, index)

    monkeypatch.setattr(ImageFiles, "read", watched)
    chosen = load_calibration(f"folder:{root}", 4)
    assert (len(chosen.split), chosen.available) == (4, 9)
    assert len(chosen.sha256) == 64
    assert len(set(read)) == 4
    assert all(name.startswith(str(root / "train")) for name in read)


def test_the_same_images_are_chosen_every_time_and_fewer_are_the_first_of_more(root: Path) -> None:
    four, again, six = (load_calibration(f"folder:{root}", count) for count in (4, 4, 6))
    assert four.sha256 == again.sha256
    assert list(six.split.ids)[:4] == list(four.split.ids)
    assert six.split.labels[:4].tolist() == four.split.labels.tolist()


def test_other_kinds_of_data_give_their_training_images() -> None:
    chosen = load_calibration("digits:0-4", 20)
    assert (len(chosen.split), chosen.class_names) == (20, ("0", "1", "2", "3", "4"))


def test_one_image_is_too_few(tmp_path: Path) -> None:
    write_folders(tmp_path, samples([1]), ("alone",))
    with pytest.raises(CalibrationError, match="holds 1 images to calibrate on"):
        load_calibration(f"folder:{tmp_path}", 10)
