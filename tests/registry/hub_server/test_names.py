"""References, judged by git; other names by their own rules."""

import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from registry.hub_server.errors import BadRequestError
from registry.hub_server.names import account_name, file_path, folder_path, repository_name, short_ref, unquoted


@pytest.mark.skipif(shutil.which("git") is None, reason="git is the judge")
@given(name=st.text(alphabet="ab/.-@{~lock ^", min_size=1, max_size=8))
@settings(max_examples=150)
def test_git_accepts_every_reference_that_we_accept(name: str) -> None:
    try:
        short_ref(name)
    except BadRequestError:
        return
    assert subprocess.run(["git", "check-ref-format", f"refs/heads/{name}"], check=False).returncode == 0


@pytest.mark.parametrize("name", ["main", "v1.0", "dev/x", "feature/a-b_c", "0.90", "a" * 200])
def test_ordinary_references(name: str) -> None:
    assert short_ref(name) == name


@pytest.mark.parametrize("name", ["gmp-resnet50-0.90", "A_b.c", "_x_", "x" * 96, "1"])
def test_ordinary_repositories_and_accounts(name: str) -> None:
    assert repository_name(name) == account_name(name) == name


@pytest.mark.parametrize(
    "path", ["a", "a/b.c", "..a/b..", ".gitignore", "a b", "ä/数.txt", ".eval_results/x.yaml", "...x"]
)
def test_ordinary_paths(path: str) -> None:
    assert file_path(path) == path


def test_folders_may_end_in_a_slash() -> None:
    assert [folder_path(path) for path in ("a/b/", "a", "", "/")] == ["a/b", "a", "", ""]
    with pytest.raises(BadRequestError):
        folder_path("a//")


@given(st.text(st.characters(exclude_characters="\0"), max_size=30))
def test_what_is_quoted_comes_back(text: str) -> None:
    from urllib.parse import quote

    try:
        quoted = quote(text, safe="")
    except UnicodeEncodeError:  # half a surrogate pair has no UTF-8
        return
    assert unquoted(quoted) == text
