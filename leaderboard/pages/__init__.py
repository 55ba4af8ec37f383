"""The pages, in the order in which their addresses are matched. One file: a route and its documented context."""

from fastapi import APIRouter

from . import (
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
    explore,
    flag,
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

PAGES: tuple[APIRouter, ...] = (
    board.router,
    choose.router,
    compare.router,
    explore.router,
    models.router,
    model.router,
    tasks.router,
    task.router,
    methods.router,
    method.router,
    architectures.router,
    architecture.router,
    robustness.router,
    status.router,
    api_docs.router,
    about.router,
    sign_in.router,
    account.router,
    flag.router,
    admin.router,
    admin_accounts.router,
    submit.router,
    submissions.router,
    submission.router,
)

__all__ = ["PAGES"]
