"""What a reader of a submission sees of it, on its page and through the API."""

from dataclasses import replace

from registry.sources import SubmissionStatus


def for_reader(status: SubmissionStatus, *, everything: bool) -> SubmissionStatus:
    """Machines have no names here. Numbers are the owner's (``everything``) alone until the submission ended well."""
    people = ("queue", status.submission.account)
    steps = tuple(step if step.actor in people else replace(step, actor="the server") for step in status.transitions)
    values = status.values if everything or status.submission.state == "done" else ()
    return replace(status, transitions=steps, values=values)
