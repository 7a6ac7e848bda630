"""`read`: files to sidecars on stdout, without a daemon."""

import sys
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from ocr_inbox.commands.arguments import DEFAULT_CONFIG, Config, is_unconfigured, settings_of

_DATA_ERROR = 65


def register(app: typer.Typer) -> None:
    """Add this command."""
    app.command("read")(read)


def read(
    files: Annotated[list[Path], typer.Argument(help="Images and PDFs.", readable=False)],
    config: Config = DEFAULT_CONFIG,
    as_text: Annotated[bool, typer.Option("--text", help="Print the text only.")] = False,
    as_markdown: Annotated[bool, typer.Option("--markdown", help="Print markdown only.")] = False,
    pipeline: Annotated[str, typer.Option(help="text or table.")] = "text",
) -> None:
    """Read files now: one line of sidecar JSON each on stdout, progress on stderr.

    Without a configuration file the defaults hold. Exit code 65 if a file cannot be read; the others still are.
    """
    from ocr_inbox.commands.models import pull_for
    from ocr_inbox.desk import read_files
    from ocr_inbox.logs import set_up_logging
    from ocr_inbox.model import Output
    from ocr_inbox.pipelines import plans
    from ocr_inbox.settings import Settings

    if as_text and as_markdown:
        raise typer.BadParameter("choose one of --text and --markdown")
    settings = Settings(state_dir=Path("/nonexistent")) if is_unconfigured(config) else settings_of(config)
    plan = next((plan for plan in plans(settings) if plan.pipeline.value == pipeline), None)
    if plan is None:
        raise typer.BadParameter(f"{pipeline} is no pipeline that is switched on")
    set_up_logging("error")
    pull_for(settings)
    failures = 0
    outputs = (Output.JSON, Output.MARKDOWN) if as_markdown else (Output.JSON,)
    with (
        closing(read_files(plan, files, outputs)) as reading,
        typer.progressbar(reading, length=len(files), file=sys.stderr, label="reading") as results,
    ):
        for result in results:
            failures += not result.success
            if not result.success:
                typer.echo(f"\nocr-inbox: {result.path}: {result.problem}", err=True)
            typer.echo(result.text if as_text else result.markdown if as_markdown else result.sidecar, nl=False)
    if failures:
        raise typer.Exit(_DATA_ERROR)
