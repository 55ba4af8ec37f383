"""How a checkpoint becomes predictions: one protocol a file; ``PROTOCOLS`` knows them by ``name@version``."""

from zoo.core.plugins import Plugins

from ._protocol import Evaluation, Protocol, ProtocolFacts, Subject, SubjectKind, refuse_other_classes

PROTOCOLS: Plugins[type[Protocol]] = Plugins("protocol", __name__)

__all__ = ["PROTOCOLS", "Evaluation", "Protocol", "ProtocolFacts", "Subject", "SubjectKind", "refuse_other_classes"]
