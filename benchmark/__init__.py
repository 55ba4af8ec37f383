"""The benchmark: tasks, protocols, metrics, and what runs them.

Nothing is imported here: ``from benchmark.metrics import METRICS`` is the public spelling.
"""

__all__: list[str] = []
