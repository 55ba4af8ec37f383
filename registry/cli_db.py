"""``prunarium db upgrade|check`` and ``prunarium submit|status|withdraw``, on the local catalogue."""

import getpass
from dataclasses import asdict
from typing import Annotated, Any, Literal

import typer

from zoo.core.commands import command_group
from zoo.core.console import emit_json, emit_table, say

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]

app = command_group("Upgrade and check the catalogue's schema.")


@app.command()
def upgrade(as_json: AsJson = False) -> None:
    """Create the catalogue, or bring an older one to this version's schema."""
    from .db.schema import upgrade as run
    from .db.session import make_engine
    from .settings import load_settings

    settings = load_settings()
    before, after = run(make_engine(settings.database_url))
    if as_json:
        emit_json({"schema_before": before, "schema_after": after, "changed": before != after})
    elif before == after:
        say(f"The catalogue has schema {after} already.")
    else:
        say(f"The catalogue has schema {after} now (before: {before or 'none'}).")


@app.command()
def check(as_json: AsJson = False) -> None:
    """Check that the catalogue fits this version and that its file is sound."""
    from .db.integrity import require_sound
    from .db.schema import check_schema
    from .db.session import make_engine
    from .settings import load_settings

    engine = make_engine(load_settings().database_url)
    version = check_schema(engine)
    require_sound(engine)
    if as_json:
        emit_json({"schema": version, "sound": True})
    else:
        say(f"The catalogue has schema {version} and is sound.")


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
    from . import submissions
    from .db.schema import open_catalogue
    from .db.session import session_scope
    from .settings import load_settings
    from .targets import choose_suite, resolve_target

    settings = load_settings()
    with session_scope(open_catalogue(settings), write=True) as session:
        place = resolve_target(session, target, settings.hub_endpoint)
        record, created = submissions.submit(
            session,
            hub_endpoint=place.hub_endpoint,
            hub_repo=place.hub_repo,
            revision=place.revision,
            suite=choose_suite(session, suite),
            actor=getpass.getuser(),
            visibility=visibility,
        )
    if as_json:
        emit_json({"created": created, **asdict(record)})
        return
    say(
        f"{'Submitted' if created else 'Already submitted'}: {record.public_id} "
        f"({record.hub_repo}@{record.revision}, {record.suite}) is {record.state}."
    )
    say(f"Watch it: prunarium status {record.public_id}    Run the queue here: prunarium worker")


def status(
    submission: Annotated[str | None, typer.Argument(help="Id of a submission; all of them if left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show where submissions stand: state, reason, jobs, and how many jobs come first."""
    from . import submissions
    from .db.schema import open_catalogue
    from .db.session import session_scope
    from .queries import count_jobs, list_submissions
    from .settings import load_settings

    with session_scope(open_catalogue(load_settings())) as session:
        if submission is not None:
            _show_one(asdict(submissions.status(session, submission)), as_json)
            return
        found = [asdict(record) for record in list_submissions(session)]
        jobs = count_jobs(session)
    if as_json:
        emit_json({"submissions": found, "jobs": jobs})
        return
    for row in found:
        row["model"] = f"{row['hub_repo']}@{row['revision'][:12]}"
    columns = {"public_id": "id", "model": "model", "suite": "suite", "state": "state", "reason": "reason"}
    counted = ", ".join(f"{count} {state}" for state, count in sorted(jobs.items())) or "none"
    emit_table(f"{len(found)} submissions; jobs: {counted}", found, columns)


def withdraw(
    submission: Annotated[str, typer.Argument(help="Id of the submission.")],
    reason: Annotated[str | None, typer.Option(help="Why, for the history.")] = None,
    as_json: AsJson = False,
) -> None:
    """Withdraw a submission; evaluations that others wait for go on."""
    from . import submissions
    from .db.schema import open_catalogue
    from .db.session import session_scope
    from .settings import load_settings

    with session_scope(open_catalogue(load_settings()), write=True) as session:
        record = submissions.withdraw(session, submission, getpass.getuser(), reason)
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
