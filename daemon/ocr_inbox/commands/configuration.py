"""`check-config`, `route`, `schema` and `doctor`: before anything runs."""

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from ocr_inbox.commands.arguments import DEFAULT_CONFIG, AsJson, Config, print_json, settings_of

if TYPE_CHECKING:
    from ocr_inbox.settings import Settings
    from ocr_inbox.whereabouts import Whereabouts


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.command("check-config")(check_config)
    app.command("route")(route)
    app.command("schema")(schema)
    app.command("doctor")(doctor)


def check_config(config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Say whether the configuration can work; exit code 78 if not. --json prints it with all defaults."""
    settings = settings_of(config)
    if as_json:
        shown = settings.model_dump(mode="json")
        shown["api"]["keys"] = ["***" for _ in settings.api.keys]
        print_json(shown)
        return
    inboxes = len(settings.inboxes) + len(settings.buckets)
    typer.echo(f"{config} can work: {inboxes} inboxes, state in {settings.state_dir}")


def route(
    path: Annotated[str, typer.Argument(help="A file or s3://bucket/key, present or not, inside an inbox.")],
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,
) -> None:
    """Say which inbox and rule take a path, and why."""
    from ocr_inbox.errors import ConfigurationError
    from ocr_inbox.whereabouts import names_of, whereabouts

    settings = settings_of(config)
    found = whereabouts(settings, path)
    if found is None:
        raise ConfigurationError(f"cannot route {path}: it lies in no inbox (these are {names_of(settings)})")
    _print_route(settings, found, as_json=as_json)


def _print_route(settings: "Settings", found: "Whereabouts", *, as_json: bool) -> None:
    from ocr_inbox.commands.shown import wishes_of
    from ocr_inbox.options import document_fallback, rules_of
    from ocr_inbox.routing import route as route_key

    inbox = found.inbox
    assignment = route_key(found.key, rules_of(inbox, document_fallback(settings)))
    reason = found.ignored or assignment.reason
    if as_json:
        pipeline = assignment.pipeline.value if assignment.pipeline and not reason else None
        print_json({"inbox": inbox.name, "pipeline": pipeline, "rule": assignment.rule, "reason": reason})
    elif reason or assignment.pipeline is None:
        typer.echo(f"inbox {inbox.name} leaves it alone: {reason}")
    else:
        typer.echo(f"inbox {inbox.name}, rule {assignment.rule}: {wishes_of(assignment)}")


def schema() -> None:
    """Print the JSON Schema of the sidecars."""
    from importlib.resources import files

    typer.echo(files("ocr_inbox").joinpath("sidecar.schema.json").read_text(encoding="utf-8"), nl=False)


def doctor(
    config: Config = DEFAULT_CONFIG,
    canary: Annotated[
        bool, typer.Option("--canary", help="Write an object into each bucket, wait for its event, remove it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Check models, libraries, folders, buckets, limits and the port, and say how to mend what is wrong."""
    from rich.console import Console

    from ocr_inbox.canary import released
    from ocr_inbox.checkup import examine
    from ocr_inbox.findings import Health

    settings = settings_of(config)
    findings = examine(settings)
    if canary:
        with Console(stderr=True).status("waiting for the events of the canaries"):
            findings += released(settings)
    if as_json:
        print_json([{**asdict(finding), "health": finding.health.value} for finding in findings])
    else:
        marks = {Health.GOOD: "ok  ", Health.DOUBTFUL: "warn", Health.BAD: "FAIL"}
        for finding in findings:
            typer.echo(f"{marks[finding.health]}  {finding.subject}: {finding.detail}")
            if finding.remedy:
                typer.echo(f"      -> {finding.remedy}")
    if any(finding.health is Health.BAD for finding in findings):
        raise typer.Exit(1)
