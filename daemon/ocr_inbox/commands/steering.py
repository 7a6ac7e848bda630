"""`pause`, `resume` and `drain`: what the daemon is to leave alone, and how it ends without hurry."""

import time
from typing import TYPE_CHECKING, Annotated

import typer

from ocr_inbox.commands.arguments import DEFAULT_CONFIG, AsJson, Config, print_json, settings_of
from ocr_inbox.commands.opening import opened_ledger

if TYPE_CHECKING:
    from ocr_inbox.ledger import Ledger
    from ocr_inbox.model import DrainScope
    from ocr_inbox.settings import Settings

_LOOK_SECONDS = 0.2
_TRY_AGAIN = 75
_INBOX = typer.Argument(help="The name of an inbox.")


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("pause")(pause)
    app.command("resume")(resume)
    app.command("drain")(drain)


def pause(
    inbox: Annotated[str, _INBOX],
    config: Config = DEFAULT_CONFIG,
    reason: Annotated[str | None, typer.Option(help="Why, for all who ask.")] = None,
    as_json: AsJson = False,
) -> None:
    """Read nothing more of an inbox until it is resumed: what arrives is noted and waits, what is in hand is finished.

    That holds over restarts, and may be said while no daemon runs.
    """
    from ocr_inbox.ledger import Ledger

    settings = settings_of(config)
    _demand_inbox(settings, inbox)
    with opened_ledger(settings) as database:
        new = Ledger(database, time.time).pause(inbox, reason)
    if as_json:
        print_json({"inbox": inbox, "paused": True, "changed": new})
    else:
        typer.echo(f"inbox {inbox} {'is' if new else 'was'} paused; `ocr-inbox resume {inbox}` lets it go on")


def resume(inbox: Annotated[str, _INBOX], config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Let a paused inbox go on; its documents have kept their places in the queue."""
    from ocr_inbox.chronicle import Chronicle
    from ocr_inbox.ledger import Ledger

    settings = settings_of(config)
    with opened_ledger(settings) as database:
        if Chronicle(database).pause(inbox) is None:
            _demand_inbox(settings, inbox)
        changed = Ledger(database, time.time).resume(inbox)
    if as_json:
        print_json({"inbox": inbox, "paused": False, "changed": changed})
    else:
        typer.echo(f"inbox {inbox} goes on" if changed else f"inbox {inbox} was not paused")


def _demand_inbox(settings: "Settings", name: str) -> None:
    from ocr_inbox.model import UPLOADS

    if name == UPLOADS:
        raise typer.BadParameter(
            "somebody waits for each upload, so they cannot be paused; `ocr-inbox drain` refuses them before an end"
        )
    known = [inbox.name for inbox in settings.watched]
    if name not in known:
        raise typer.BadParameter(f"there is no inbox {name} (these are: {', '.join(known) or 'none'})")


def drain(
    config: Config = DEFAULT_CONFIG,
    queue: Annotated[bool, typer.Option("--queue", help="Read all that waits too, not only what is in hand.")] = False,
    wait: Annotated[bool, typer.Option("--wait/--no-wait", help="Return only when the daemon has ended.")] = True,
    timeout: Annotated[float | None, typer.Option(min=0, help="Wait no more seconds than that.")] = None,
    as_json: AsJson = False,
) -> None:
    """Let the daemon take nothing new, finish what it has in hand however long that takes, and end with exit code 0.

    What waits, waits for its next start. Uploads get 503 meanwhile. Exit code 0 when it has ended or none runs,
    75 when it goes on after --timeout; said again, only the choice of --queue changes.
    """
    from ocr_inbox.ledger import Ledger
    from ocr_inbox.model import DrainScope
    from ocr_inbox.premises import running_pid

    settings = settings_of(config)
    with opened_ledger(settings) as database:
        ledger, scope = Ledger(database, time.time), DrainScope.QUEUE if queue else DrainScope.HAND
        pid = running_pid(settings.state_dir)
        if pid is not None:
            ledger.drain(scope)
        ended = pid is None or (wait and _ended(settings, ledger, scope, pid, timeout))
    if as_json:
        print_json({"ran": pid is not None, "ended": ended})
    else:
        typer.echo(_said(ran=pid is not None, ended=ended))
    if wait and not ended:
        raise typer.Exit(_TRY_AGAIN)


def _said(*, ran: bool, ended: bool) -> str:
    if not ran:
        return "no daemon runs here: nothing is in hand"
    return (
        "the daemon has ended" if ended else "the daemon drains; it ends by itself, and `ocr-inbox status` says how far"
    )


def _ended(settings: "Settings", ledger: "Ledger", scope: "DrainScope", pid: int, timeout: float | None) -> bool:
    """Whether this daemon came to its end in time; what is still in hand stands on stderr meanwhile."""
    from rich.console import Console

    from ocr_inbox.chronicle import Chronicle
    from ocr_inbox.premises import running_pid

    chronicle = Chronicle(ledger.database)
    deadline = time.monotonic() + timeout if timeout is not None else float("inf")
    with Console(stderr=True).status("the daemon drains") as status:
        while running_pid(settings.state_dir) == pid:
            if time.monotonic() >= deadline:
                return False
            if chronicle.draining() is None:
                ledger.drain(scope)  # it was just starting, and has forgotten what was said to the one before
            queues = chronicle.queues()
            running, waiting = sum(it.running for it in queues), sum(it.waiting for it in queues)
            status.update(f"the daemon drains: {running} in hand, {waiting} wait")
            time.sleep(_LOOK_SECONDS)
    return True
