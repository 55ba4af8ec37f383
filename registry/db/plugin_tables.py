"""What the site must know of the plugins; written by ``prunarium benchmark sync``, versioned, never changed."""

from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from .base import Base


class Method(Base):
    """A pruning method of the zoo, or one that published rows name."""

    __tablename__ = "method"
    __table_args__ = (UniqueConstraint("name", "version"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    version: Mapped[int]
    title: Mapped[str]
    family: Mapped[str]
    paper: Mapped[str | None]
    citation: Mapped[str | None]
    facts: Mapped[dict[str, Any]]


class Architecture(Base):
    """A network of the zoo: input size, parameters, the names other libraries give it."""

    __tablename__ = "architecture"
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    input_size: Mapped[list[Any]]
    parameters: Mapped[int | None]
    timm_name: Mapped[str | None]
    source: Mapped[str | None]


class Recipe(Base):
    """Published hyper-parameters for one method and architecture."""

    __tablename__ = "recipe"
    __table_args__ = (UniqueConstraint("name", "version"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    version: Mapped[int]
    method: Mapped[str]
    architecture: Mapped[str]
    source: Mapped[str | None]
    content: Mapped[dict[str, Any]]


class Protocol(Base):
    """How a checkpoint is turned into predictions on a task: ``as_published``, ``linear`` or ``full``."""

    __tablename__ = "protocol"
    __table_args__ = (
        UniqueConstraint("name", "version"),
        CheckConstraint("kind in ('as_published', 'linear', 'full')", name="kind"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    version: Mapped[str]
    kind: Mapped[str]
    title: Mapped[str]
    facts: Mapped[dict[str, Any]]


class Task(Base):
    """What is measured on: a transfer task, the upstream test set, a shifted set, an out-of-distribution pair, cost."""

    __tablename__ = "task"
    __table_args__ = (
        UniqueConstraint("name", "version"),
        CheckConstraint("kind in ('upstream', 'transfer', 'shift', 'ood', 'cost')", name="kind"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    version: Mapped[str]
    kind: Mapped[str]
    title: Mapped[str]
    classes: Mapped[int | None]
    n_test: Mapped[int | None]
    primary_metric: Mapped[str | None]
    licence: Mapped[str | None]
    citation: Mapped[str | None]
    source: Mapped[str | None]
    superseded_by: Mapped[str | None]
    manifest: Mapped[dict[str, Any]]


class Shift(Base):
    """The distribution-shift side of a task of kind ``shift``: what it shifts and how its conditions are averaged."""

    __tablename__ = "shift"
    task_id: Mapped[int] = mapped_column(ForeignKey("task.id"), primary_key=True)
    source_task: Mapped[str]
    regenerated: Mapped[bool]
    conditions: Mapped[list[Any]]


class Suite(Base):
    """A versioned list of tasks, shifts and protocols; a mean is shown over a complete suite only."""

    __tablename__ = "suite"
    __table_args__ = (UniqueConstraint("name", "version"),)
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    version: Mapped[str]
    title: Mapped[str]
    content: Mapped[dict[str, Any]]


class Metric(Base):
    """A number's name, unit, direction and definition."""

    __tablename__ = "metric"
    __table_args__ = (
        UniqueConstraint("name", "version"),
        CheckConstraint("direction in ('higher', 'lower', 'none')", name="direction"),
    )
    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    version: Mapped[int]
    title: Mapped[str]
    unit: Mapped[str]
    direction: Mapped[str]
    lower_bound: Mapped[float | None]
    upper_bound: Mapped[float | None]
    definition: Mapped[str]
    source: Mapped[str | None]


class CatalogueState(Base):
    """One row: a number that rises whenever models, plugins or results change, so that caches know."""

    __tablename__ = "catalogue_state"
    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)
