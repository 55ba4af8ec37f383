"""Versions are those of the installed distributions."""

import platform

import numpy as np

from zoo.core.versions import code_version, package_version, package_versions


def test_installed_packages_are_listed_and_others_left_out() -> None:
    found = package_versions(("numpy", "no-such-distribution"))
    assert found == {"python": platform.python_version(), "numpy": np.__version__}


def test_the_code_has_a_version_even_from_a_checkout() -> None:
    assert package_version("no-such-distribution") is None
    assert code_version() == (package_version("prunarium") or "source")
