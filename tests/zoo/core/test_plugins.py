"""One file is one plugin; doubles and broken files are loud."""

import sys
from pathlib import Path

import pytest

from zoo.core.errors import UsageError
from zoo.core.plugins import DuplicatePluginError, Plugins


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    package = tmp_path / "plugin_folder"
    package.mkdir()
    (package / "__init__.py").write_text(
        "from zoo.core.plugins import Plugins\nSHAPES: Plugins[int] = Plugins('shape', __name__)\n"
    )
    (package / "square.py").write_text("from plugin_folder import SHAPES\nSHAPES.register('square')(4)\n")
    (package / "_helper.py").write_text("raise RuntimeError('never imported')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield_names = [name for name in sys.modules if name.startswith("plugin_folder")]
    for name in yield_names:
        monkeypatch.delitem(sys.modules, name)
    return package


def _shapes() -> Plugins[int]:
    for name in [name for name in sys.modules if name.startswith("plugin_folder")]:
        del sys.modules[name]
    from importlib import import_module

    shapes: Plugins[int] = import_module("plugin_folder").SHAPES
    return shapes


@pytest.mark.usefixtures("folder")
def test_a_file_in_the_folder_is_an_entry() -> None:
    assert list(_shapes()) == ["square"]
    assert _shapes()["square"] == 4


@pytest.mark.usefixtures("folder")
def test_an_unknown_name_suggests_the_nearest() -> None:
    with pytest.raises(UsageError, match="Did you mean 'square'"):
        _shapes()["sqare"]


def test_a_double_name_is_refused(folder: Path) -> None:
    (folder / "twin.py").write_text("from plugin_folder import SHAPES\nSHAPES.register('square')(5)\n")
    with pytest.raises(DuplicatePluginError, match="Two entries are called shape 'square'"):
        _shapes()["square"]


def test_a_broken_file_fails_every_time(folder: Path) -> None:
    (folder / "broken.py").write_text("raise RuntimeError('broken')\n")
    shapes = _shapes()
    for _ in range(2):
        with pytest.raises(RuntimeError, match="broken"):
            len(shapes)
