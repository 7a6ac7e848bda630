"""From a TOML file to settings, or to all that is wrong with it."""

import os
import sys
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from ocr_inbox.errors import ConfigurationError
from ocr_inbox.settings.sections import Settings

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def load_settings(path: Path) -> Settings:
    """Read a configuration file; relative paths in it are relative to its folder.

    Raises ConfigurationError with every problem and where it stands.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"cannot read the configuration {path}: {error}") from error
    try:
        return Settings.model_validate(_anchored(content, path.resolve().parent))
    except ValidationError as error:
        problems = "\n".join(_problem(line["loc"], line["msg"]) for line in error.errors(include_url=False))
        raise ConfigurationError(f"cannot use the configuration {path}:\n{problems}") from error
    except ValueError as error:
        raise ConfigurationError(f"cannot use the configuration {path}:\n  {error}") from error


_HINTS = {
    "Extra inputs are not permitted": "unknown key; see configs/ocr-inbox.toml for all of them",
    "Field required": "is missing; see configs/ocr-inbox.toml",
}


def _problem(location: tuple[int | str, ...], message: str) -> str:
    where = ".".join(str(part) for part in location) or "the whole"
    return f"  {where}: {_HINTS.get(message, message.removeprefix('Value error, '))}"


_GIVEN = "${CREDENTIALS_DIRECTORY}"
"""Where a systemd unit finds what it is given. Whoever types a command is given nothing, and may be root:"""
_OF_THE_DAEMON = "/run/credentials/ocr-inbox.service"
"""where that of the daemon is while it runs,"""
_SECRETS = "/etc/ocr-inbox/secrets/"
"""and what LoadCredential=secret: in its unit takes it from."""
_PATH_KEYS = frozenset({"state_dir", "folder", "archive", "failed"})
_FILE_KEY = "_file"
"""How the names of all other keys end whose values are paths."""


def _anchored(content: Any, folder: Path, key: str = "") -> Any:
    """The same tree with absolute paths: ~ is the user's home, everything else relative to `folder`."""
    if isinstance(content, dict):
        return {name: _anchored(value, folder, name) for name, value in content.items()}
    if isinstance(content, list):
        return [_anchored(value, folder, key) for value in content]
    if (key in _PATH_KEYS or key.endswith(_FILE_KEY)) and isinstance(content, str):
        expanded = os.path.expanduser(os.path.expandvars(_with_credentials(content)))  # noqa: PTH111 - pathlib raises RuntimeError
        if expanded.startswith("~"):
            raise ValueError(f"{key}: cannot find the home folder of {content}; write the whole path")
        return os.path.normpath(folder / expanded)
    return content


def _with_credentials(path: str) -> str:
    if "CREDENTIALS_DIRECTORY" in os.environ:
        return path
    runs = os.path.isdir(_OF_THE_DAEMON)  # noqa: PTH112 - pathlib raises where the sandbox of another unit hides it
    kept = path if runs else path.replace(f"{_GIVEN}/secret_", _SECRETS)
    return kept.replace(_GIVEN, _OF_THE_DAEMON)
