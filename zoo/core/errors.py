"""The root of every error that Prunarium raises on purpose.

PrunariumError
├── UsageError            the request itself is wrong (exit code 2)
├── zoo.errors.ZooError
├── registry.errors.RegistryError
├── benchmark.errors.BenchmarkError
└── leaderboard.errors.LeaderboardError

A message says what was expected and what came; ``hint`` says what to type next. The command line prints both and no
traceback; errors survive pickling, because worker processes send them home.
"""


class PrunariumError(Exception):
    """An error with a sentence for the user and, where there is one, the next thing to type."""

    exit_code = 1

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[type["PrunariumError"], tuple[str, str | None]]:
        return type(self), (self.message, self.hint)

    def __str__(self) -> str:
        return f"{self.message}\n{self.hint}" if self.hint else self.message


class UsageError(PrunariumError):
    """The request is malformed: an unknown name, a value out of range, a missing file."""

    exit_code = 2
