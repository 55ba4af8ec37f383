"""The house keeps its shape: who may import whom, what stays free of torch, how long things may be."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("prunarium", "zoo", "registry", "benchmark", "leaderboard")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
TORCH_FREE_ROOMS = {"zoo", "zoo.core", "zoo.checkpoint"}


def _names(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


@pytest.mark.parametrize(
    "module", ["leaderboard.app", "leaderboard.cli", "registry.hub_server", "registry.cli_hub", "registry.cli_publish"]
)
def test_site_hub_and_registry_run_without_torch(module: str) -> None:
    code = (
        "import sys, importlib; importlib.import_module(sys.argv[1]);"
        "heavy = ('torch', 'timm', 'zoo', 'benchmark');"
        "print('\\n'.join(sorted(name for name in sys.modules if name.partition('.')[0] in heavy)))"
    )
    run = subprocess.run([sys.executable, "-P", "-c", code, module], capture_output=True, text=True, check=True)
    loaded = run.stdout.split()
    rooms = {".".join(name.split(".")[:2]) for name in loaded}
    assert rooms <= TORCH_FREE_ROOMS, f"{module} loads {sorted(rooms - TORCH_FREE_ROOMS)}"
    assert "zoo.checkpoint.torch_io" not in loaded


@pytest.mark.parametrize("package", PACKAGES)
def test_public_names_are_the_importable_ones(package: str) -> None:
    module = import_module(package)
    assert sorted(module.__all__) == list(module.__all__), f"{package}.__all__ is not in order"
    for name in module.__all__:
        assert getattr(module, name) is not None
    # jaxtyping's import hook adds its own name to the packages it checks.
    listed = {name for name in dir(module) if not name.startswith("_")} - {"jaxtyping"}
    submodules = {path.stem for path in (ROOT / package).glob("*") if path.suffix in ("", ".py")}
    assert listed - submodules <= set(module.__all__), f"{package} shows names that __all__ does not list"


@pytest.mark.parametrize("path", SOURCES, ids=_names(SOURCES))
def test_files_and_functions_stay_short_and_import_relatively(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    package = path.relative_to(ROOT).parts[0]
    assert text.count("\n") <= 500, f"{path} is longer than 500 lines"
    assert tree.body == [] or ast.get_docstring(tree), f"{path} has no module docstring"
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= 60, f"{path}:{node.lineno} {node.name} has {length} lines"
        if isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            assert node.module.partition(".")[0] != package, f"{path}:{node.lineno} imports its own package absolutely"
        if isinstance(node, ast.Name):
            assert node.id != "NotImplementedError", f"{path}:{node.lineno} is a stub"
        if isinstance(node, ast.Assert):
            pytest.fail(f"{path}:{node.lineno} uses assert for a check that -O removes")


def test_no_test_folder_is_a_package() -> None:
    assert _names(list((ROOT / "tests").rglob("__init__.py"))) == []
