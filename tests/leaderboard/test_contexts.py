"""Each page's context is exactly what its template uses: nothing undocumented, nothing for nothing."""

import ast
from dataclasses import fields
from importlib.resources import files

import pytest
from jinja2 import nodes
from jinja2.meta import find_referenced_templates, find_undeclared_variables

from leaderboard.context import PageContext
from leaderboard.pages import (
    about,
    account,
    admin,
    admin_accounts,
    api_docs,
    architecture,
    architectures,
    board,
    choose,
    compare,
    error,
    explore,
    flag,
    hidden,
    method,
    methods,
    model,
    models,
    robustness,
    sign_in,
    status,
    submission,
    submissions,
    submit,
    task,
    tasks,
)
from leaderboard.web import environment

CONTEXTS: tuple[type[PageContext], ...] = (
    about.AboutContext,
    account.AccountContext,
    admin.AdminContext,
    admin.AuditContext,
    admin_accounts.AccountsContext,
    api_docs.ApiContext,
    architecture.ArchitectureContext,
    architectures.ArchitecturesContext,
    board.BoardContext,
    choose.ChooseContext,
    compare.CompareContext,
    error.ErrorContext,
    explore.ExploreContext,
    flag.FlagContext,
    hidden.HiddenContext,
    method.MethodContext,
    methods.MethodsContext,
    model.ModelContext,
    models.FoundContext,
    models.ModelsContext,
    sign_in.LinkContext,
    sign_in.SignInContext,
    robustness.RobustnessContext,
    status.StatusContext,
    submission.SubmissionContext,
    submissions.SubmissionsContext,
    submit.SubmitContext,
    task.TaskContext,
    tasks.TasksContext,
)
GLOBALS = {"static", "parts", "visitor"}  # a function, the macros that templates import, whom the layout greets


def variables_of(template: str) -> set[str]:
    """The variables that a template and those it extends or imports take from the context."""
    found: set[str] = set()
    waiting = [template]
    while waiting:
        loader = environment().loader
        assert loader is not None
        source, _, _ = loader.get_source(environment(), waiting.pop())
        tree = environment().parse(source)
        found |= find_undeclared_variables(tree)
        waiting += [name for name in find_referenced_templates(tree) if name is not None]
    return found - GLOBALS


@pytest.mark.parametrize("context", CONTEXTS)
def test_the_context_is_what_the_template_uses(context: type[PageContext]) -> None:
    assert {field.name for field in fields(context)} == variables_of(context.template)


def test_every_context_is_listed_here_and_documented() -> None:
    made = set(PageContext.__subclasses__())
    assert made == set(CONTEXTS)
    for context in made:
        assert context.__doc__
        assert not context.__doc__.startswith(f"{context.__name__}(")


def test_every_template_is_used() -> None:
    names = {file.name for file in files("leaderboard").joinpath("templates").iterdir()}
    assert names == {context.template for context in CONTEXTS} | {"base.html", "overlay.html", "parts.html", "row.html"}


def test_only_drawings_are_marked_safe() -> None:
    """What bypasses escaping is SVG made by :mod:`registry.charts`, and JSON in which nothing ends a script."""
    drawn = {
        "specification",
        "style",
        "chart",
        "strip",
        "whisker",
        "mark",
        "heads",
        "axis",
        "map",
        "layers",
        "whiskers",
    }
    for file in files("leaderboard").joinpath("templates").iterdir():
        tree = environment().parse(file.read_text(encoding="utf-8"))
        for found in tree.find_all(nodes.Filter):
            if found.name == "safe":
                assert found.node is not None
                names = {name.name for name in found.node.find_all(nodes.Name)} or {getattr(found.node, "name", "")}
                assert names & drawn, f"{file.name}: {names}"


def test_no_page_writes_html_itself() -> None:
    for module in files("leaderboard").joinpath("pages").iterdir():
        if module.name.endswith(".py"):
            strings = [node.value for node in ast.walk(ast.parse(module.read_text())) if isinstance(node, ast.Constant)]
            assert not any(isinstance(value, str) and "</" in value for value in strings), module.name
