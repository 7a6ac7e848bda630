"""The files of one request on their way to disk: what is wrong with one of them is no failure of the others."""

from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

from typing_extensions import Self

from ocr_inbox.errors import DocumentError
from ocr_inbox.model import Arrival
from ocr_inbox_api.form import Write
from ocr_inbox_api.uploads import Upload, new_key


class Bundled:
    """Remembers why its file was refused while it still arrives; the rest of it is let pass."""

    def __init__(self, key: str, upload: Upload) -> None:
        self.key = key
        self._upload = upload
        self._refusal: DocumentError | None = None

    def write(self, piece: bytes) -> None:
        """Take the next piece; raises InfrastructureError, which is the failure of all."""
        if self._refusal is not None:
            return
        try:
            self._upload.write(piece)
        except DocumentError as error:
            self._refusal = error

    def seal(self) -> Arrival:
        """Raises what `Upload.seal` and `Upload.write` raise."""
        if self._refusal is not None:
            raise self._refusal
        return self._upload.seal()

    def keep(self) -> None:
        """From here on the file belongs to its job."""
        self._upload.keep()


class Bundle:
    """Remembers the files in the order of their arrival. Use it with `with`: only what was kept stays on disk."""

    def __init__(self, folder: Path, max_file_bytes: int) -> None:
        self._folder = folder
        self._max_file_bytes = max_file_bytes
        self._opened = ExitStack()
        self.files: list[Bundled] = []

    def __enter__(self) -> Self:
        """Nothing is on disk yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close all files, and remove those that were not kept."""
        self._opened.close()

    def open_file(self) -> Write:
        """Begin another file; raises InfrastructureError."""
        key = new_key()
        file = Bundled(key, self._opened.enter_context(Upload(self._folder, key, self._max_file_bytes)))
        self.files.append(file)
        return file.write
