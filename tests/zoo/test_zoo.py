"""The package's face: its names, and that naming them costs nothing."""

import subprocess
import sys
from pathlib import Path

import pytest

import zoo


def test_all_names_are_there() -> None:
    assert zoo.__all__ == sorted(zoo.__all__)
    assert set(zoo.__all__) == set(zoo._HOME)
    for name in zoo.__all__:
        assert getattr(zoo, name).__class__ is not type(zoo), f"{name} is a module"
    assert dir(zoo) == zoo.__all__


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        getattr(zoo, "no" + "thing")


@pytest.mark.parametrize("module", ["zoo", "zoo.cli", "zoo.allocation", "zoo.schedules"])
def test_importing_loads_no_torch(module: str) -> None:
    code = f"import {module}, sys; print(sorted({{'torch', 'timm', 'sklearn'}} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert (found.stdout.strip(), found.stderr) == ("[]", "")
