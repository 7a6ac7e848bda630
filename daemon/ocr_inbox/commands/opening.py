"""The ledger, opened by a command."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ocr_inbox.database import Database
    from ocr_inbox.settings import Settings


@contextmanager
def opened_ledger(settings: "Settings") -> "Iterator[Database]":
    """The ledger of a daemon that was started once, whether it runs or not; raises what says why it is not there."""
    from ocr_inbox.database import Database
    from ocr_inbox.errors import AccessDeniedError, InboxUnavailableError
    from ocr_inbox.options import ledger_path

    path = ledger_path(settings)
    try:
        path.stat()
    except FileNotFoundError as error:
        raise InboxUnavailableError(
            f"cannot open the ledger {path}: it is not there; start `ocr-inbox run` once"
        ) from error
    except PermissionError as error:
        raise AccessDeniedError(
            f"cannot open the ledger {path}: it belongs to another user; run this as that user or as root"
        ) from error
    with Database(path) as database:
        yield database
