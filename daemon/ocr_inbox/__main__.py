"""The command `ocr-inbox`: each failure becomes its exit code and a sentence that says what to do."""

import sys
from typing import NoReturn

import typer

from ocr_inbox.commands import backfill, configuration, daemon, ledger, models, read, standing, steering, systemd, why
from ocr_inbox.errors import OcrInboxError

app = typer.Typer(
    name="ocr-inbox",
    help="Watch folders and buckets, read what arrives with PaddleOCR, leave a JSON sidecar beside it.",
    epilog="Exit codes: 0 done, 65 a document cannot be read, 66 no such job or document, "
    "69 models or readers missing, 75 try again later, 77 permission denied, 78 the configuration cannot work, "
    "2 wrong usage.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for _commands in (daemon, read, standing, why, steering, ledger, backfill, configuration, models, systemd):
    _commands.register(app)


def main() -> NoReturn:
    """Run the command line and exit."""
    try:
        app()
    except OcrInboxError as error:
        print(f"ocr-inbox: {error}", file=sys.stderr)  # noqa: T201 - the last word before the exit
        sys.exit(error.exit_code)
    sys.exit(0)


if __name__ == "__main__":
    main()
