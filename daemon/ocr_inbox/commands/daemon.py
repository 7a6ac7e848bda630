"""`run`: the daemon itself."""

from typing import Annotated

import typer

from ocr_inbox.commands.arguments import DEFAULT_CONFIG, Config, settings_of

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
    """Watch the inboxes and serve the API until SIGTERM or Ctrl-C.

    With --once the API stays closed and the exit code says what came of it: 0 all were read, 65 some
    were given up, 75 some wait for something that is not there.
    """
    settings = settings_of(config)
    if pull:
        from ocr_inbox.commands.models import pull_for

        pull_for(settings)
    from ocr_inbox.compose import assembled
    from ocr_inbox.logs import set_up_logging

    set_up_logging(settings.log_level)
    with assembled(settings) as daemon:
        if not once:
            daemon.run()
            return
        drain = daemon.drain()
    for problem in drain.problems:
        typer.echo(f"ocr-inbox: {problem}", err=True)
    if drain.buried or drain.problems:
        raise typer.Exit(_DATA_ERROR if drain.buried else _TRY_AGAIN)
