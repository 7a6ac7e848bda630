"""`backfill`: what a bucket held before it was watched."""

from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Annotated

import typer

from ocr_inbox.commands.arguments import DEFAULT_CONFIG, AsJson, Config, print_json, settings_of
from ocr_inbox.commands.opening import opened_ledger

if TYPE_CHECKING:
    from ocr_inbox.backfill import Tally
    from ocr_inbox.settings import BucketSettings, Settings


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("backfill")(backfill)


def backfill(  # noqa: PLR0913 - each is an option of the command
    inbox: Annotated[str, typer.Argument(help="The name of a bucket inbox.")],
    config: Config = DEFAULT_CONFIG,
    prefix: Annotated[str, typer.Option(help="Only keys that begin so, below the inbox's own prefix.")] = "",
    since: Annotated[datetime | None, typer.Option(help="Only what was written since then (UTC).")] = None,
    rate: Annotated[float, typer.Option(min=0, help="New documents a second; 0: as fast as it goes.")] = 100.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count, and note nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Note what the bucket holds and nobody has read, behind everything fresh; stopped, it goes on where it was."""
    import time

    from ocr_inbox.backfill import Backfill
    from ocr_inbox.bookmarks import Bookmarks
    from ocr_inbox.ledger import Ledger
    from ocr_inbox.options import bucket_options, document_fallback, rules_of

    settings = settings_of(config)
    bucket = _bucket(settings, inbox)
    with opened_ledger(settings) as database:
        run = Backfill(
            options=bucket_options(settings, bucket, _seconds(since)),
            rules=rules_of(bucket, document_fallback(settings)),
            ledger=Ledger(database, time.time, attempts_allowed=settings.retry.attempts),
            bookmarks=Bookmarks(database, time.time),
            prefix=prefix,
            rate=rate,
            dry=dry_run,
        )
        tally = _watched(run.run())
    _print(tally, dry=dry_run, as_json=as_json)


def _seconds(since: datetime | None) -> float:
    return since.replace(tzinfo=timezone.utc).timestamp() if since else 0.0


def _bucket(settings: "Settings", name: str) -> "BucketSettings":
    for bucket in settings.buckets:
        if bucket.name == name:
            return bucket
    if any(inbox.name == name for inbox in settings.inboxes):
        raise typer.BadParameter(f"inbox {name} is a folder, and everything in it is read anyway")
    known = ", ".join(bucket.name for bucket in settings.buckets) or "none"
    raise typer.BadParameter(f"there is no bucket inbox {name} (these are: {known})")


def _watched(tallies: "Iterator[Tally]") -> "Tally":
    """The last tally; how it goes stands on stderr meanwhile."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from ocr_inbox.backfill import Tally

    last = Tally()
    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn(), console=Console(stderr=True)
    ) as bar:
        task = bar.add_task("listing", total=None)
        for last in tallies:
            bar.update(task, description=f"{last.listed} listed, {last.new} new, {last.known} known")
    return last


def _print(tally: "Tally", *, dry: bool, as_json: bool) -> None:
    if as_json:
        print_json({**asdict(tally), "dry_run": dry})
        return
    verb = "would be read" if dry else "wait to be read"
    typer.echo(
        f"{tally.listed} objects listed: {tally.new} {verb}, {tally.known} were known, {tally.unruled} no rule takes"
    )
