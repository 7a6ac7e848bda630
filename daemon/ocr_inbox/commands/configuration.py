"""`check-config`, `route`, `schema` and `doctor`: before anything runs."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ocr_inbox.commands.arguments import DEFAULT_CONFIG, AsJson, Config, print_json, settings_of

if TYPE_CHECKING:
    from ocr_inbox.settings import BucketSettings, InboxSettings, Settings

_S3 = "s3://"


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

    settings = settings_of(config)
    found = _object_whereabouts(settings, path) if path.startswith(_S3) else _file_whereabouts(settings, path)
    if found is None:
        inboxes = [str(inbox.folder) for inbox in settings.inboxes]
        inboxes += [f"{_S3}{bucket.bucket}/{bucket.prefix}" for bucket in settings.buckets]
        raise ConfigurationError(f"cannot route {path}: it lies in no inbox (these are {', '.join(inboxes)})")
    _print_route(settings, found, as_json=as_json)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Whereabouts:
    """The inbox that something lies in, its key there, and why the inbox leaves it alone if it does."""

    inbox: "InboxSettings | BucketSettings"
    key: str
    ignored: str | None


def _file_whereabouts(settings: "Settings", path: str) -> _Whereabouts | None:
    from ocr_inbox.names import key_of

    where = Path(os.path.abspath(path))  # noqa: PTH100 - resolve() would follow links, which an inbox never does
    for inbox in settings.inboxes:
        if where.is_relative_to(inbox.folder):
            relative = where.relative_to(inbox.folder)
            return _Whereabouts(inbox=inbox, key=key_of(str(relative)), ignored=_ignored_because(inbox, relative))
    return None


def _object_whereabouts(settings: "Settings", uri: str) -> _Whereabouts | None:
    from ocr_inbox.names import key_of
    from ocr_inbox.objects import ObjectName
    from ocr_inbox.options import bucket_options
    from ocr_inbox.s3.ground import Ground

    bucket, _, key = uri.removeprefix(_S3).partition("/")
    name = ObjectName(bucket=bucket, key=key)
    for inbox in settings.buckets:
        ground = Ground(bucket_options(settings, inbox, not_before=0.0))
        if ground.covers(name):
            ignored = None if ground.holds(name, 1) else "it is hidden, temporary, a sidecar, or in a place of ours"
            return _Whereabouts(inbox=inbox, key=key_of(key.removeprefix(inbox.prefix)), ignored=ignored)
    return None


def _print_route(settings: "Settings", found: _Whereabouts, *, as_json: bool) -> None:
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
        outputs = ", ".join(output.value for output in assignment.outputs)
        fallback = f", fallback {assignment.fallback.value}" if assignment.fallback else ""
        typer.echo(
            f"inbox {inbox.name}, rule {assignment.rule}: pipeline {assignment.pipeline.value}, "
            f"priority {assignment.priority.name.lower()}, outputs {outputs}{fallback}"
        )


def _ignored_because(inbox: "InboxSettings", relative: Path) -> str | None:
    from ocr_inbox.names import is_never_a_document, is_private_folder

    where = inbox.folder / relative
    if any(where.is_relative_to(target) for target in (inbox.archive_folder, inbox.failed_folder)):
        return "it lies in the archive or failed folder"
    if any(is_private_folder(part) for part in relative.parts[:-1]):
        return "it lies in a hidden folder, or in one of figures"
    if is_never_a_document(relative.name):
        return "its name is that of a hidden or temporary file, or of a sidecar"
    if len(relative.parts) > 1 and not inbox.recursive:
        return "it lies in a folder below, and recursive = false"
    return "it is a symbolic link" if where.is_symlink() else None


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
