"""`status`, `jobs`, `retry`, `rescan` and `backup`: the daemon's work, seen and steered from a shell."""

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ocr_inbox.commands.arguments import DEFAULT_CONFIG, AsJson, Config, print_json, settings_of
from ocr_inbox.commands.opening import opened_ledger

if TYPE_CHECKING:
    from ocr_inbox.model import Job


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("status")(status)
    app.command("jobs")(jobs)
    app.command("retry")(retry)
    app.command("rescan")(rescan)
    app.command("backup")(backup)


def status(config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Say what waits, what runs, and how the daemon is."""
    from ocr_inbox.report import live_health, print_status, status_of

    settings = settings_of(config)
    with opened_ledger(settings) as database:
        report = status_of(database, live_health(settings))
    if as_json:
        print_json(report.as_json())
    else:
        print_status(report)


def jobs(  # noqa: PLR0913 - each is an option of the command
    config: Config = DEFAULT_CONFIG,
    state: Annotated[str | None, typer.Option(help="waiting, running, done, buried or skipped.")] = None,
    inbox: Annotated[str | None, typer.Option(help="Only this inbox.")] = None,
    pipeline: Annotated[str | None, typer.Option(help="text, table or document.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List jobs, newest first."""
    from ocr_inbox.chronicle import Chronicle, Selection
    from ocr_inbox.model import JobState, PipelineName

    try:
        selection = Selection(
            state=JobState(state) if state else None,
            inbox=inbox,
            pipeline=PipelineName(pipeline) if pipeline else None,
            limit=limit,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    with opened_ledger(settings_of(config)) as database:
        found = Chronicle(database).jobs(selection)
    if as_json:
        print_json([_job_json(job) for job in found])
        return
    for job in found:
        reason = f"  {job.code}: {job.reason}" if job.reason else ""
        typer.echo(f"{job.id:>7}  {job.state.value:8} {job.document.inbox}/{job.document.key!r}{reason}")


def retry(
    ids: Annotated[list[int] | None, typer.Argument(help="Job ids.")] = None,
    config: Config = DEFAULT_CONFIG,
    buried: Annotated[bool, typer.Option("--buried", help="Every buried job.")] = False,
) -> None:
    """Read documents again: as many attempts more as the configuration allows."""
    from ocr_inbox.chronicle import Chronicle, Selection
    from ocr_inbox.ledger import Ledger
    from ocr_inbox.model import JobState

    if not ids and not buried:
        raise typer.BadParameter("name job ids, or say --buried")
    settings = settings_of(config)
    with opened_ledger(settings) as database:
        everything = Selection(state=JobState.BURIED, limit=1_000_000)
        wanted = [job.id for job in Chronicle(database).jobs(everything)] if buried else []
        book = Ledger(database, _now, attempts_allowed=settings.retry.attempts)
        for job_id in [*(ids or []), *wanted]:
            job = book.grant(job_id)
            typer.echo(f"job {job.id} waits for up to {job.attempts_allowed - job.attempts} attempts")


def rescan(config: Config = DEFAULT_CONFIG) -> None:
    """Ask the running daemon to look through all inboxes now."""
    from ocr_inbox.errors import AccessDeniedError, PipelineUnavailableError
    from ocr_inbox.premises import running_pid

    try:
        pid = running_pid(settings_of(config).state_dir)
        if pid is None:
            raise PipelineUnavailableError(
                "cannot ask for a scan: no daemon runs here; it scans everything when it starts"
            )
        os.kill(pid, signal.SIGUSR1)
    except PermissionError as error:
        raise AccessDeniedError(
            "cannot ask for a scan: the daemon belongs to another user; run this as that user or as root"
        ) from error
    typer.echo("the daemon looks through its inboxes")


def backup(
    target: Annotated[Path, typer.Argument(help="A file that must not exist; with --keep, a folder of copies.")],
    config: Config = DEFAULT_CONFIG,
    keep: Annotated[int | None, typer.Option(min=1, help="Add a copy to the folder, and keep so many.")] = None,
) -> None:
    """Copy the ledger consistently, whether the daemon runs or not."""
    from ocr_inbox.backups import add_backup

    if keep and not target.is_dir():
        raise typer.BadParameter(f"{target} is no folder")
    if not keep and target.exists():
        raise typer.BadParameter(f"{target} exists already")
    with opened_ledger(settings_of(config)) as database:
        if keep:
            target = add_backup(database, target, keep=keep, now=_now())
        else:
            database.backup(target)
    typer.echo(f"{target.stat().st_size} bytes in {target}")


def _now() -> float:
    import time

    return time.time()


def _job_json(job: "Job") -> dict[str, object]:
    from ocr_inbox.sidecar import timestamp

    return {
        "id": job.id,
        "state": job.state.value,
        "inbox": job.document.inbox,
        "key": job.document.key,
        "pipeline": job.assignment.pipeline.value if job.assignment.pipeline else None,
        "rule": job.assignment.rule,
        "fallback": job.assignment.fallback.value if job.assignment.fallback else None,
        "attempts": job.attempts,
        "code": job.code,
        "reason": job.reason,
        "diverted": job.diverted,
        "sidecar": job.sidecar,
        "pages": job.pages,
        "pages_done": job.pages_done,
        "enqueued_at": timestamp(job.enqueued_at),
        "started_at": timestamp(job.started_at),
        "finished_at": timestamp(job.finished_at),
    }
