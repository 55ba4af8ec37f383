"""One file is one plugin; doubles and broken files are loud."""

import sys
from pathlib import Path

import pytest

from zoo.core.errors import PrunariumError, UsageError
from zoo.core.plugins import BrokenPluginError, DuplicatePluginError, Plugins


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


PACKAGE = (
    "from zoo.core.plugins import Plugins\nSHAPES: Plugins[int] = Plugins('shape', __name__, group='test.shapes')\n"
)


def install(site: Path, package: str, code: str) -> None:
    """What pip leaves of a package that names its module in an entry point."""
    (site / f"{package}.py").write_text(code)
    info = site / f"{package}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[test.shapes]\n{package} = {package}\n")


def test_an_installed_package_adds_its_entry(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "__init__.py").write_text(PACKAGE)
    install(folder.parent, "round_shapes", "from plugin_folder import SHAPES\nSHAPES.register('circle')(0)\n")
    assert list(_shapes()) == ["circle", "square"]
    monkeypatch.delitem(sys.modules, "round_shapes")


def test_an_installed_package_that_is_broken_is_named_every_time(folder: Path) -> None:
    (folder / "__init__.py").write_text(PACKAGE)
    install(folder.parent, "broken_shapes", "raise RuntimeError('no')\n")
    shapes = _shapes()
    for _ in range(2):
        with pytest.raises(BrokenPluginError, match="broken_shapes offers a shape .*RuntimeError: no\n.*pip uninstall"):
            len(shapes)


def test_a_file_of_the_user_adds_its_entries_once(folder: Path, tmp_path: Path) -> None:
    shapes, file = _shapes(), tmp_path / "my shapes.py"
    file.write_text("from plugin_folder import SHAPES\nSHAPES.register('star')(10)\n")
    shapes.load_file(file)
    shapes.load_file(file)
    assert list(shapes) == ["square", "star"]
    assert shapes.files == [file]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("x = 1\n", "registers no shape.\n.*@METHODS.register"),
        ("1 / 0\n", "cannot be imported: ZeroDivisionError"),
        ("import not_there\n", "cannot be imported: ModuleNotFoundError"),
        ("from plugin_folder import SHAPES\nSHAPES.register('star')(1)\nSHAPES.register('square')(2)\n", "Two entries"),
        (None, "A plugin is a Python file"),
    ],
)
def test_a_file_that_is_no_plugin_is_refused_and_leaves_nothing(
    folder: Path, tmp_path: Path, code: str | None, message: str
) -> None:
    shapes, file = _shapes(), tmp_path / "mine.py"
    if code is not None:
        file.write_text(code)
    assert list(shapes) == ["square"]
    modules = set(sys.modules)
    for _ in range(2):
        with pytest.raises(PrunariumError, match=message):
            shapes.load_file(file)
    assert list(shapes) == ["square"]
    assert shapes.files == []
    assert set(sys.modules) == modules
