"""Which prunable tensors a method may touch: published numbers differ in whether first and last layer stay dense."""

from collections.abc import Sequence

from .core.errors import UsageError

SCOPES = ("all", "no-stem", "no-stem-no-classifier")


def check_scope(scope: str) -> None:
    """Raises :class:`UsageError` unless ``scope`` is one of :data:`SCOPES`."""
    if scope not in SCOPES:
        raise UsageError(f"A scope is one of {', '.join(SCOPES)}, got {scope!r}.")


def left_dense(names: Sequence[str], scope: str) -> tuple[str, ...]:
    """The tensors that ``scope`` leaves dense; ``names``: all prunable ones in the order of the model's modules.

    The stem is the first of them, the classifier the last, as in every architecture of the zoo (a test looks). RigL's
    uniform masks leave the stem dense, AC/DC's uniform masks both (IST-DASLab/ACDC, ``*_unif`` configurations).

    >>> left_dense(["conv1.weight", "conv2.weight", "fc.weight"], "no-stem-no-classifier")
    ('conv1.weight', 'fc.weight')
    """
    check_scope(scope)
    if scope == "all":
        return ()
    return (names[0],) if scope == "no-stem" else (names[0], names[-1])
