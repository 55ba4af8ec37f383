"""How a query names a metric: ``task.metric``, with versions and a protocol where they matter."""

import re
from dataclasses import dataclass

_SHAPE = re.compile(
    r"(?P<task>[^.@]+)(?:@(?P<task_version>[^.@]+))?"
    r"\.(?P<metric>[^.@]+)(?:@(?P<metric_version>\d+))?"
    r"(?:@(?P<protocol>[^.@]*[^.@\d][^.@]*)(?:@(?P<protocol_version>[^.@]+))?)?"
)


@dataclass(frozen=True, kw_only=True)
class MetricName:
    """A metric on a task by a protocol; what is None is chosen by the catalogue (the newest that has values)."""

    task: str
    task_version: str | None = None
    metric: str
    metric_version: int | None = None
    protocol: str | None = None
    protocol_version: str | None = None

    @classmethod
    def parse(cls, text: str) -> "MetricName | None":
        """From ``task[@version].metric[@version][@protocol[@version]]``; None for another shape.

        A metric's version is a number and a protocol's name is not, which tells the two apart.

        >>> name = MetricName.parse("cifar10@ist2022.top1@linear")
        >>> name.task_version, name.metric_version, name.protocol
        ('ist2022', None, 'linear')
        """
        found = _SHAPE.fullmatch(text)
        if found is None:
            return None
        parts = found.groupdict()
        version = parts.pop("metric_version")
        # Ids in a database have 64 bits; a longer number is no version of anything.
        if version is not None and len(version) > 9:
            return None
        return cls(**parts, metric_version=None if version is None else int(version))

    def __str__(self) -> str:
        """The same name as a query writes it."""
        return "".join(
            [
                _versioned(self.task, self.task_version),
                ".",
                _versioned(self.metric, self.metric_version),
                f"@{_versioned(self.protocol, self.protocol_version)}" if self.protocol else "",
            ]
        )


def _versioned(name: str, version: str | int | None) -> str:
    return name if version is None else f"{name}@{version}"
