"""What several commands take, and how they print."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from ocr_inbox.settings import Settings

DEFAULT_CONFIG = Path("/etc/ocr-inbox/ocr-inbox.toml")

Config = Annotated[
    Path,
    typer.Option("--config", "-c", envvar="OCR_INBOX_CONFIG", help="The configuration file.", readable=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, for scripts.")]


def settings_of(config: Path) -> "Settings":
    """The settings in this file; raises ConfigurationError."""
    from ocr_inbox.errors import ConfigurationError
    from ocr_inbox.settings import load_settings

    if not os.access(config, os.F_OK):
        raise ConfigurationError(
            f"cannot find the configuration {config}: write one after configs/ocr-inbox.toml, "
            "or name one with --config or OCR_INBOX_CONFIG"
        )
    return load_settings(config)


def is_unconfigured(config: Path) -> bool:
    """Whether nobody named a configuration and there is none where it would be: then the defaults hold."""
    return config == DEFAULT_CONFIG and not os.access(config, os.F_OK)


def print_json(content: object) -> None:
    """One JSON value, indented, on stdout."""
    typer.echo(json.dumps(content, indent=2, ensure_ascii=False))
