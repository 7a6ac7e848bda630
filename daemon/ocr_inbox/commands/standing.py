"""`status` and `jobs`: how things stand."""

import json
import time
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from ocr_inbox.commands.arguments import DEFAULT_CONFIG, AsJson, Config, print_json, settings_of
from ocr_inbox.commands.opening import opened_ledger

if TYPE_CHECKING:
    from ocr_inbox.chronicle import Chronicle
    from ocr_inbox.report import Status
    from ocr_inbox.settings import Settings

_REFRESH_SECONDS = 1.0


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("status")(status)
    app.command("jobs")(jobs)


def status(
    config: Config = DEFAULT_CONFIG,
    watch: Annotated[
        bool, typer.Option("--watch", "-w", help="Look again each second, until Ctrl-C; into a pipe, a line each.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what waits, what runs, what is wrong, and how the daemon is; it need not run."""
    from rich.console import Console

    from ocr_inbox.board import board_of
    from ocr_inbox.chronicle import Chronicle

    settings = settings_of(config)
    with opened_ledger(settings) as database:
        look = _looking(settings, Chronicle(database))
        if watch:
            _watch(look, as_json=as_json)
        elif as_json:
            print_json(look().as_json())
        else:
            console = Console(highlight=False)
            for renderable in board_of(look()):
                console.print(renderable, soft_wrap=not console.is_terminal)


def _looking(settings: "Settings", chronicle: "Chronicle") -> "Callable[[], Status]":
    from ocr_inbox.premises import running_pid
    from ocr_inbox.report import Voice, status_of, voice_of

    def look() -> "Status":
        pid = running_pid(settings.state_dir)
        return status_of(chronicle, voice=voice_of(settings) if pid else Voice(), pid=pid, now=time.time())

    return look


def _watch(look: "Callable[[], Status]", *, as_json: bool) -> None:
    """Until Ctrl-C, which is how one ends it and no failure."""
    from contextlib import suppress

    from rich.console import Console, Group
    from rich.live import Live

    from ocr_inbox.board import board_of, line_of

    console = Console(highlight=False)
    with suppress(KeyboardInterrupt):
        if as_json or not console.is_terminal or console.is_dumb_terminal:
            for seen in _each_second(look):
                typer.echo(json.dumps(seen.as_json(), ensure_ascii=False) if as_json else line_of(seen))
            return
        with Live(console=console, screen=True, auto_refresh=False) as live:
            for seen in _each_second(look):
                live.update(Group(*board_of(seen)), refresh=True)


def _each_second(look: "Callable[[], Status]") -> "Iterator[Status]":
    while True:
        began = time.monotonic()
        yield look()
        time.sleep(max(0.0, began + _REFRESH_SECONDS - time.monotonic()))


def jobs(  # noqa: PLR0913 - each is an option of the command
    config: Config = DEFAULT_CONFIG,
    state: Annotated[str | None, typer.Option(help="waiting, running, done, buried or skipped.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Those that were given up: --state buried.")] = False,
    since: Annotated[
        str | None, typer.Option(help="Whose state changed since then: 2h, 3d, 2026-11-01, 2026-11-01T08:15 (UTC).")
    ] = None,
    inbox: Annotated[str | None, typer.Option(help="Only this inbox.")] = None,
    pipeline: Annotated[str | None, typer.Option(help="text, table or document.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List jobs, newest first; `ocr-inbox why ID` tells all about one."""
    from ocr_inbox.chronicle import Chronicle, Selection
    from ocr_inbox.commands.shown import job_json, job_line
    from ocr_inbox.model import JobState, PipelineName
    from ocr_inbox.times import past_moment

    now = time.time()
    if failed and state not in (None, "buried"):
        raise typer.BadParameter(f"--failed is --state buried, and not {state}: say one of them")
    try:
        selection = Selection(
            state=JobState.BURIED if failed else JobState(state) if state else None,
            inbox=inbox,
            pipeline=PipelineName(pipeline) if pipeline else None,
            since=past_moment(since, now) if since else None,
            limit=limit,
        )
    except ValueError as error:
        raise typer.BadParameter(str(error)) from error
    with opened_ledger(settings_of(config)) as database:
        found = Chronicle(database).jobs(selection)
    if as_json:
        print_json([job_json(job) for job in found])
        return
    for job in found:
        typer.echo(job_line(job, now))
