"""`why`: everything that is known about one document."""

from typing import Annotated

import typer

from ocr_inbox.commands.arguments import DEFAULT_CONFIG, AsJson, Config, print_json, settings_of
from ocr_inbox.commands.opening import opened_ledger


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("why")(why)


def why(
    document: Annotated[str, typer.Argument(help="A file, s3://bucket/key, the number of a job, or a key.")],
    config: Config = DEFAULT_CONFIG,
    inbox: Annotated[str | None, typer.Option(help="The inbox, where it is a key in several.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what became of a document and why, what it waits for, and what to do; the daemon need not run."""
    from ocr_inbox.chronicle import Chronicle
    from ocr_inbox.commands.page import json_of, lines_of
    from ocr_inbox.dossier import gathered
    from ocr_inbox.explanation import explained
    from ocr_inbox.lookup import meant_by
    from ocr_inbox.premises import running_pid
    from ocr_inbox.report import voice_of

    settings = settings_of(config)
    with opened_ledger(settings) as database:
        chronicle, runs = Chronicle(database), running_pid(settings.state_dir) is not None
        meant = meant_by(settings, chronicle, document, inbox)
        health = voice_of(settings).health if runs else None
        dossier = gathered(settings, chronicle, meant, runs=runs, health=health)
    explanation = explained(dossier)
    if as_json:
        print_json(json_of(dossier, explanation))
        return
    for line in lines_of(dossier, explanation):
        typer.echo(line)
