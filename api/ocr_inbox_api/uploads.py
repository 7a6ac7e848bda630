"""One uploaded file on its way to disk: checked while it arrives, whole under its final name or not there at all."""

import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from typing_extensions import Self

from ocr_inbox import files
from ocr_inbox.errors import InfrastructureError, TooLargeError, UnsupportedTypeError
from ocr_inbox.media import HEAD_BYTES, media_type
from ocr_inbox.model import UPLOADS, Arrival, Document, Signature
from ocr_inbox.sidecar import FIGURES_SUFFIX, SUFFIXES
from ocr_inbox_api.refusals import FileRequiredError

_SUFFIX = ".upload"


def new_key() -> str:
    """A name for an upload that nobody else has; what the client calls its file is never used."""
    return secrets.token_hex(16) + _SUFFIX


def clear_leftovers(folder: Path) -> None:
    """Remove the halves of uploads that a killed daemon left; only while none is on its way."""
    for path in folder.glob(f".*{_SUFFIX}{files.TEMPORARY_SUFFIX}"):
        path.unlink(missing_ok=True)


def stored(folder: Path) -> Iterator[tuple[str, float]]:
    """The key of each file of an upload, and when it was last written, in seconds since the epoch; raises OSError."""
    for path in folder.glob(f"[!.]*{_SUFFIX}*"):
        with suppress(FileNotFoundError):
            yield path.name.partition(_SUFFIX)[0] + _SUFFIX, path.stat().st_mtime


def remove_upload(folder: Path, key: str) -> None:
    """Take an upload away with all that was made of it; raises OSError."""
    for suffix in ("", *SUFFIXES.values()):
        (folder / f"{key}{suffix}").unlink(missing_ok=True)
    with suppress(FileNotFoundError):
        shutil.rmtree(folder / f"{key}{FIGURES_SUFFIX}")


class Upload:
    """Remembers how much has arrived. Use it with `with`: unless it was kept, nothing of it stays on disk.

    Methods block and may run in any thread, one at a time. All raise InfrastructureError where the disk refuses.
    """

    def __init__(self, folder: Path, key: str, max_bytes: int) -> None:
        self._folder = folder
        self._max_bytes = max_bytes
        self._temporary = folder / f".{key}{files.TEMPORARY_SUFFIX}"
        self._final = folder / key
        self._head = b""
        self._size = 0
        self._kept = False

    def __enter__(self) -> Self:
        """Create the file under its temporary name."""
        try:
            self._file = self._temporary.open("xb")
        except OSError as error:
            raise _refused(error) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file, and remove it unless it was kept."""
        with suppress(OSError):
            self._file.close()
        if not self._kept:
            for path in (self._temporary, self._final):
                with suppress(OSError):
                    path.unlink()

    def write(self, piece: bytes) -> None:
        """Take the next piece; raises TooLargeError and UnsupportedTypeError as soon as that is certain."""
        self._size += len(piece)
        if self._size > self._max_bytes:
            raise TooLargeError(f"the file is over the limit of {self._max_bytes} bytes")
        if len(self._head) < HEAD_BYTES:
            self._head += piece[: HEAD_BYTES - len(self._head)]
            if len(self._head) == HEAD_BYTES:
                self._demand_known_type()
        try:
            self._file.write(piece)
        except OSError as error:
            raise _refused(error) from error

    def seal(self) -> Arrival:
        """Make the file durable under its final name; raises FileRequiredError where nothing arrived."""
        if not self._size:
            raise FileRequiredError("the file is empty")
        self._demand_known_type()
        try:
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._temporary.rename(self._final)
            with files.folder_beneath(str(self._folder), "") as folder:
                os.fsync(folder)
            status = self._final.stat()
        except OSError as error:
            raise _refused(error) from error
        document = Document(inbox=UPLOADS, key=self._final.name, version=Signature.of(status).version)
        return Arrival(document=document, size=status.st_size, by_event=True)

    def keep(self) -> None:
        """From here on the file belongs to its job."""
        self._kept = True

    def _demand_known_type(self) -> None:
        if media_type(self._head) is None:
            raise UnsupportedTypeError(
                "send a jpeg, png, bmp, tiff, webp, gif or pdf; the content decides, not the name"
            )


def _refused(error: OSError) -> InfrastructureError:
    return InfrastructureError(f"cannot store an upload: {error.strerror}; look at the disk of the uploads folder")
