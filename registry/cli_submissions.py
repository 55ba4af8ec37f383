"""``prunarium submit|status|edit|resubmit|withdraw``: at the server that is set, or in the local catalogue."""

import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import typer

from zoo.core.console import emit_json, emit_table, say
from zoo.core.errors import UsageError

from .cli_common import AsJson

if TYPE_CHECKING:
    from .positions import Position
    from .sources import Source, SubmissionStatus

UNFINISHED: Final = ("draft", "received", "checking", "queued", "running")
WATCH_SECONDS: Final = 2.0


def submit(
    target: Annotated[str, typer.Argument(help="Hub id or slug, with @revision or not: org/name@1a2b3c4.")],
    suite: Annotated[
        str | None, typer.Option(help="Suite as name@version; the only one that can be run if left out.")
    ] = None,
    visibility: Annotated[
        Literal["private", "public"], typer.Option(help="Public: on the board as soon as everything is measured.")
    ] = "private",
    method: Annotated[
        str | None, typer.Option(help="@author/name of a method that the zoo does not have.", show_default=False)
    ] = None,
    parent: Annotated[
        str | None, typer.Option(help="Slug or Hub id of the dense parent, where prunarium.json names none.")
    ] = None,
    training_data: Annotated[
        str | None,
        typer.Option(help="All data that the weights have seen, where that is more than prunarium.json says."),
    ] = None,
    predictions: Annotated[
        Path | None, typer.Option(help="Folder of your own predictions: they are scored again instead of being made.")
    ] = None,
    note: Annotated[str | None, typer.Option(help="For the people who read the submission.")] = None,
    as_json: AsJson = False,
) -> None:
    """Submit a published model for evaluation; a worker checks it and runs the suite."""
    from .predictions_upload import upload_predictions
    from .settings import load_settings
    from .sources import LocalSource, SubmissionRequest, chosen_source

    settings = load_settings()
    source = chosen_source(settings)
    if predictions is not None:
        target = upload_predictions(target, predictions, endpoint=settings.hub_endpoint, token=settings.hub_token)
    done = source.submit(
        SubmissionRequest(
            model=target,
            suite=suite,
            visibility=visibility,
            hub_endpoint=settings.hub_endpoint,
            kind="weights" if predictions is None else "predictions",
            method=method,
            parent=parent,
            training_data=training_data,
            note=note,
        )
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
    say(f"Watch it: prunarium status {record.public_id} --watch{worker}")


def status(
    submission: Annotated[str | None, typer.Argument(help="Id of a submission; all of yours if left out.")] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Say what happens until it has ended.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show where submissions stand: state, reason, jobs, and how many jobs come first."""
    from .settings import load_settings
    from .sources import chosen_source

    if watch and submission is None:
        raise UsageError("Only one submission can be watched.", "prunarium status ID --watch")
    source = chosen_source(load_settings())
    if submission is not None:
        found_one = _watched(source, submission) if watch else source.status(submission)
        _show_one(asdict(found_one), as_json)
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


def edit(
    submission: Annotated[str, typer.Argument(help="Id of the submission.")],
    visibility: Annotated[
        Literal["private", "public"] | None, typer.Option(help="Public: everybody sees it, and its numbers once done.")
    ] = None,
    note: Annotated[str | None, typer.Option(help="Another note; an empty one removes it.")] = None,
    method: Annotated[str | None, typer.Option(help="Another @author/name.")] = None,
    suite: Annotated[str | None, typer.Option(help="Another suite, before the check.")] = None,
    as_json: AsJson = False,
) -> None:
    """Publish a submission or make it private again, or change its note, method or suite."""
    from .settings import load_settings
    from .sources import chosen_source
    from .submission_rules import Edit

    changes = Edit(suite=suite, method=method, note=note, visibility=visibility)
    record = chosen_source(load_settings()).edit(submission, changes)
    if as_json:
        emit_json(asdict(record))
        return
    say(f"Changed: {record.public_id} ({record.hub_repo}@{record.revision}) is {record.visibility}.")
    if record.visibility == "public":
        say("It is on the board." if record.state == "done" else "It will be on the board when it is done.")


def resubmit(
    submission: Annotated[str, typer.Argument(help="Id of the submission that the new one takes the place of.")],
    revision: Annotated[str | None, typer.Option(help="Commit, tag or branch; the same one if left out.")] = None,
    suite: Annotated[str | None, typer.Option(help="Another suite.")] = None,
    as_json: AsJson = False,
) -> None:
    """Submit again, at another revision or to another suite; the new submission names the old one."""
    from .settings import load_settings
    from .sources import chosen_source

    record = chosen_source(load_settings()).resubmit(submission, revision=revision, suite=suite)
    if as_json:
        emit_json(asdict(record))
    else:
        say(
            f"Submitted: {record.public_id} ({record.hub_repo}@{record.revision}, {record.suite}), "
            f"in the place of {submission}."
        )
        say(f"Watch it: prunarium status {record.public_id} --watch")


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


def _watched(source: "Source", public_id: str) -> "SubmissionStatus":
    """Ask again and again, saying each change, until the end; the last answer. Ctrl-C stops the watching alone."""
    told = ""
    while True:
        found = source.status(public_id)
        ended = sum(job.state in ("done", "failed") for job in found.jobs)
        counted = f", {ended} of {len(found.jobs)} jobs ended" if found.jobs else ""
        line = f"{found.submission.state}{counted}{_turn(found.position)}"
        if line != told:
            say(f"{public_id}: {line}")
            told = line
        if found.submission.state not in UNFINISHED:
            return found
        time.sleep(WATCH_SECONDS)


def _turn(position: "Position | None") -> str:
    """When its turn comes, as far as anybody can know."""
    if position is None:
        return ""
    if not position.workers:
        return ", no worker was heard of lately"
    first = position.checks_ahead + position.jobs_ahead
    before = f", {first} of others first" if first else ""
    if position.minutes_to_end is None:
        return before
    minutes = "less than a minute" if position.minutes_to_end < 1 else f"about {position.minutes_to_end:.0f} min"
    return f"{before}, done in {minutes}{' (a guess)' if position.guessed else ''}"


def _show_one(found: dict[str, Any], as_json: bool) -> None:
    if as_json:
        emit_json(found)
        return
    record = found["submission"]
    title = f"{record['public_id']}  {record['hub_repo']}@{record['revision']}  {record['suite']}  {record['state']}"
    for step in found["transitions"]:
        if step["old_state"] == step["new_state"]:  # something happened beside the states: what it was is in words
            step["reason"] = step["detail"]
    steps = {"old_state": "from", "new_state": "to", "actor": "by", "reason": "reason"}
    emit_table(title, found["transitions"], steps)
    for reason in found["reasons"]:
        say(f"{reason['code']}: {reason['sentence']}\n  {reason['detail']}\n  {reason['remedy']}")
    for text in (None if found["reasons"] else record["detail"], record["flagged"]):
        if text:
            say(text)
    for job in found["jobs"]:
        job["failure"] = ": ".join(filter(None, (job["failure_kind"], job["failure_message"]))) or None
        job["value"] = _value_of(job, found["values"])
    columns = {
        "task": "task",
        "protocol": "protocol",
        "seed": "seed",
        "state": "state",
        "value": "value",
        "failure": "failure",
    }
    emit_table(f"{len(found['jobs'])} jobs, {found['jobs_ahead']} others first", found["jobs"], columns)


def _value_of(job: dict[str, Any], values: Sequence[dict[str, Any]]) -> str | None:
    key = ("model", "task", "protocol", "seed")
    for value in values:
        if all(value[name] == job[name] for name in key):
            if value["value"] is None:
                return str(value["missing_reason"])
            spread = "" if value["ci_low"] is None else f" [{value['ci_low']:.4g}, {value['ci_high']:.4g}]"
            return f"{value['metric']} {value['value']:.4g}{spread} {value['trust']}"
    return None
