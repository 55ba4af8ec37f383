"""The registry: catalogue, job queue, hub server, publishing and pulling.

Nothing is imported here: ``from registry.publish import publish`` is the public spelling, and the site stays free of
torch because ``registry.publish``, ``registry.pull`` and ``registry.check`` load it only when they are asked to.
"""

__all__: list[str] = []
