"""``prunarium submit|status|withdraw``: at the server that is set, or in the local catalogue."""

from dataclasses import asdict
from typing import Annotated, Any, Literal

import typer

from zoo.core.console import emit_json, emit_table, say

from .cli_common import AsJson


def submit(
    target: Annotated[str, typer.Argument(help="Hub id or slug, with @revision or not: org/name@1a2b3c4.")],
    suite: Annotated[
        str | None, typer.Option(help="Suite as name@version; the only one that can be run if left out.")
    ] = None,
    visibility: Annotated[
        Literal["private", "public"], typer.Option(help="Who sees the submission before it is published.")
    ] = "private",
    as_json: AsJson = False,
) -> None:
    """Submit a published model for evaluation; a worker checks it and runs the suite."""
    from .settings import load_settings
    from .sources import LocalSource, SubmissionRequest, chosen_source

    settings = load_settings()
    source = chosen_source(settings)
    done = source.submit(
        SubmissionRequest(model=target, suite=suite, visibility=visibility, hub_endpoint=settings.hub_endpoint)
    )
    record = done.submission
    if as_json:
        emit_json({"created": done.created, **asdict(record)})
        return
    say(
        f"{'Submitted' if done.created else 'Already submitted'}: {record.public_id} "
        f"({record.hub_repo}@{record.revision}, {record.suite}) is {record.state}."
    )
    worker = "    Run the queue here: prunarium worker" if isinstance(source, LocalSource) else ""
    say(f"Watch it: prunarium status {record.public_id}{worker}")


def status(
    submission: Annotated[str | None, typer.Argument(help="Id of a submission; all of yours if left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show where submissions stand: state, reason, jobs, and how many jobs come first."""
    from .settings import load_settings
    from .sources import chosen_source

    source = chosen_source(load_settings())
    if submission is not None:
        _show_one(asdict(source.status(submission)), as_json)
        return
    listed = source.submissions()
    found = [asdict(record) for record in listed.submissions]
    if as_json:
        emit_json({"submissions": found, "jobs": listed.jobs})
        return
    for row in found:
        row["model"] = f"{row['hub_repo']}@{row['revision'][:12]}"
    columns = {"public_id": "id", "model": "model", "suite": "suite", "state": "state", "reason": "reason"}
    counted = ", ".join(f"{count} {state}" for state, count in sorted(listed.jobs.items())) or "none"
    emit_table(f"{len(found)} submissions; jobs: {counted}", found, columns)


def withdraw(
    submission: Annotated[str, typer.Argument(help="Id of the submission.")],
    reason: Annotated[str | None, typer.Option(help="Why, for the history.")] = None,
    as_json: AsJson = False,
) -> None:
    """Withdraw a submission; evaluations that others wait for go on."""
    from .settings import load_settings
    from .sources import chosen_source

    record = chosen_source(load_settings()).withdraw(submission, reason)
    if as_json:
        emit_json(asdict(record))
    else:
        say(f"Withdrawn: {record.public_id} ({record.hub_repo}@{record.revision}).")


def _show_one(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        emit_json(found)
        return
    record = found["submission"]
    for job in found["jobs"]:
        job["failure"] = ": ".join(filter(None, (job["failure_kind"], job["failure_message"]))) or None
    title = f"{record['public_id']}  {record['hub_repo']}@{record['revision']}  {record['suite']}  {record['state']}"
    steps = {"old_state": "from", "new_state": "to", "actor": "by", "reason": "reason"}
    emit_table(title, found["transitions"], steps)
    if record["detail"]:
        say(record["detail"])
    columns = {"task": "task", "protocol": "protocol", "seed": "seed", "state": "state", "failure": "failure"}
    emit_table(f"{len(found['jobs'])} jobs, {found['jobs_ahead']} others first", found["jobs"], columns)
