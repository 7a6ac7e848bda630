"""`retry`, `rescan` and `backup`: what else one may want of the ledger and the daemon."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from ocr_inbox.commands.arguments import DEFAULT_CONFIG, AsJson, Config, print_json, settings_of
from ocr_inbox.commands.opening import opened_ledger


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("retry")(retry)
    app.command("rescan")(rescan)
    app.command("backup")(backup)


def retry(
    ids: Annotated[list[int] | None, typer.Argument(help="Job ids.")] = None,
    config: Config = DEFAULT_CONFIG,
    buried: Annotated[bool, typer.Option("--buried", help="Every buried job.")] = False,
    as_json: AsJson = False,
) -> None:
    """Read documents again: as many attempts more as the configuration allows."""
    from ocr_inbox.chronicle import Chronicle, Selection
    from ocr_inbox.commands.shown import job_json
    from ocr_inbox.ledger import Ledger
    from ocr_inbox.model import JobState

    if not ids and not buried:
        raise typer.BadParameter("name job ids, or say --buried")
    settings = settings_of(config)
    with opened_ledger(settings) as database:
        everything = Selection(state=JobState.BURIED, limit=1_000_000)
        wanted = [job.id for job in Chronicle(database).jobs(everything)] if buried else []
        book = Ledger(database, time.time, attempts_allowed=settings.retry.attempts)
        granted = map(book.grant, [*(ids or []), *wanted])
        if as_json:
            print_json([job_json(job) for job in granted])
        else:
            for job in granted:
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
    as_json: AsJson = False,
) -> None:
    """Copy the ledger consistently, whether the daemon runs or not; the copy is there whole, or not at all."""
    from ocr_inbox.backups import add_backup

    if keep and not target.is_dir():
        raise typer.BadParameter(f"{target} is no folder")
    if not keep and target.exists():
        raise typer.BadParameter(f"{target} exists already")
    with opened_ledger(settings_of(config)) as database, _progress("copying the ledger") as progress:
        if keep:
            target = add_backup(database, target, keep=keep, now=time.time())
        else:
            database.backup(target, progress)
    size = target.stat().st_size
    if as_json:
        print_json({"file": str(target), "bytes": size})
    else:
        typer.echo(f"{size} bytes in {target}")


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal's stderr, which goes when it is over."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
