"""Where workers run: one executor a file."""

from zoo.core.plugins import Plugins

from ._protocol import Executor, Json, Report

EXECUTORS: Plugins[Executor] = Plugins("executor", __name__)

__all__ = ["EXECUTORS", "Executor", "Json", "Report"]
