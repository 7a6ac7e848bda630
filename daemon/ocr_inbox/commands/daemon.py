"""`run`: the daemon itself."""

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ocr_inbox.commands.arguments import DEFAULT_CONFIG, Config, settings_of

if TYPE_CHECKING:
    from ocr_inbox.logs import Logging
    from ocr_inbox.notify import ServiceManager

_DATA_ERROR = 65
_TRY_AGAIN = 75


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("run")(run)


def run(
    config: Config = DEFAULT_CONFIG,
    once: Annotated[bool, typer.Option("--once", help="Read what is there, then exit.")] = False,
    pull: Annotated[bool, typer.Option("--pull", help="Fetch missing models first.")] = False,
) -> None:
    """Watch the inboxes and serve the API until SIGTERM or Ctrl-C; SIGHUP reads the configuration again.

    With --once the API stays closed and the exit code says what came of it: 0 all were read, 65 some
    were given up, 75 some wait for something that is not there.
    """
    from ocr_inbox.errors import OcrInboxError
    from ocr_inbox.logs import log_end, set_up_logging
    from ocr_inbox.notify import service_manager, status

    manager, logging = service_manager(os.environ, os.getpid()), set_up_logging("info")
    try:
        _run(config, manager, logging, once=once, pull=pull)
    except OcrInboxError as error:
        manager.tell(status(str(error)))
        if not logging.to_journal:
            raise
        log_end(error)
        raise typer.Exit(error.exit_code) from error


def _run(config: Path, manager: "ServiceManager", logging: "Logging", *, once: bool, pull: bool) -> None:
    settings = settings_of(config)
    if pull:
        from ocr_inbox.commands.models import pull_for

        pull_for(settings)
    from ocr_inbox.activation import passed_sockets
    from ocr_inbox.compose import assembled
    from ocr_inbox.launch import Launch

    logging.level = settings.log_level
    launch = Launch(
        settings=settings,
        reread=partial(settings_of, config),
        change_level=partial(setattr, logging, "level"),
        manager=manager,
        sockets=passed_sockets(os.environ, os.getpid()),
    )
    with assembled(launch) as daemon:
        if not once:
            daemon.run()
            return
        drain = daemon.drain()
    for problem in drain.problems:
        typer.echo(f"ocr-inbox: {problem}", err=True)
    if drain.buried or drain.problems:
        raise typer.Exit(_DATA_ERROR if drain.buried else _TRY_AGAIN)
