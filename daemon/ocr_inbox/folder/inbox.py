"""An inbox that is a folder, keeping the promises of `ports.Inbox`."""

import os
import threading
from collections.abc import Iterator, Sequence
from urllib.parse import quote

from ocr_inbox import files
from ocr_inbox.errors import AccessDeniedError, SourceGoneError
from ocr_inbox.figures import is_name
from ocr_inbox.folder import figures, removal
from ocr_inbox.folder.lookout import Lookout
from ocr_inbox.folder.options import FolderOptions
from ocr_inbox.folder.refusals import named
from ocr_inbox.model import Arrival, Document, InboxVitals, Output, Signature
from ocr_inbox.names import key_of, path_of
from ocr_inbox.ports import Clock
from ocr_inbox.reading import Deliverable, FileSource
from ocr_inbox.sidecar import SUFFIXES

_MOST_BYTES = 1 << 28
"""Of a file under the name of an output, which anybody may have put there; this one is read into memory."""


class FolderInbox:
    """`arrivals` needs a thread of its own: on a hung mount it blocks in the kernel, and nothing can wake it.

    Such a thread should be a daemon thread; all other inboxes go on.
    """

    def __init__(self, options: FolderOptions, clock: Clock) -> None:
        """Nothing is opened before `arrivals` is called, which an inbox that is only written to never is."""
        self._options = options
        self._lookout = Lookout(options, clock)

    @property
    def name(self) -> str:
        """Keep the promise of `ports.Inbox`."""
        return self._options.name

    def arrivals(self, stop: threading.Event) -> Iterator[Sequence[Arrival]]:
        """Keep the promise of `ports.Inbox`, in batches of at most 500; ends within 0.2 s of `stop`."""
        return self._lookout.batches(stop)

    def rescan(self) -> None:
        """Look through everything within about a second; for any thread and for signal handlers."""
        self._lookout.hints.demand_scan()

    def vitals(self) -> InboxVitals:
        """How it is; `found_by_scan` is 0, because only the ledger knows what was new."""
        return self._lookout.vitals()

    def uri(self, document: Document) -> str:
        """Keep the promise of `ports.Inbox`: the bytes of the path, percent-encoded."""
        return self._uri(path_of(document.key))

    def sidecar_uri(self, document: Document) -> str:
        """Keep the promise of `ports.Inbox`."""
        folder, name = os.path.split(path_of(document.key))
        return self._uri(os.path.join(folder, files.beside(name, SUFFIXES[Output.JSON])))

    def _uri(self, path: str) -> str:
        if self._options.uri_prefix is not None:
            return self._options.uri_prefix + quote(key_of(path))
        return "file://" + quote(os.fsencode(os.path.join(self._options.root, path)))

    def locate(self, document: Document) -> FileSource:
        """Keep the promise of `ports.Inbox`; raises AccessDeniedError also where no sidecar could be left."""
        source = self._source(document)
        with named(f"read {document.key} in inbox {self.name}"), files.folder_of(source) as (folder, file):
            if not os.access(file, os.R_OK, dir_fd=folder, effective_ids=True):
                raise AccessDeniedError(
                    f"cannot read {document.key} in inbox {self.name}: access denied; let the daemon's user read it"
                )
            if not os.access(".", os.W_OK | os.X_OK, dir_fd=folder, effective_ids=True):
                raise AccessDeniedError(
                    f"cannot leave a sidecar beside {document.key} in inbox {self.name}: its folder cannot be written; "
                    "let the daemon's user write there"
                )
        return source

    def _source(self, document: Document) -> FileSource:
        try:
            signature = Signature.from_version(document.version)
        except ValueError as error:
            raise SourceGoneError(
                f"cannot find version {document.version} in a folder: it is none of a file"
            ) from error
        return FileSource(root=str(self._options.root), path=path_of(document.key), signature=signature)

    def delivered(self, document: Document, output: Output) -> bytes | None:
        """Keep the promise of `ports.Inbox`."""
        folder, name = os.path.split(path_of(document.key))
        with named(f"read the {output.value} of {document.key} in inbox {self.name}"):
            return self._content(folder, files.beside(name, SUFFIXES[output]))

    def figure(self, document: Document, name: str) -> bytes | None:
        """Keep the promise of `ports.Inbox`."""
        if not is_name(name):
            return None
        with named(f"read a figure of {document.key} in inbox {self.name}"):
            folder, source = os.path.split(path_of(document.key))
            return self._content(os.path.join(folder, figures.folder_name(source)), name)

    def figures_link(self, document: Document) -> str:
        """Keep the promise of `ports.Inbox`."""
        return quote(os.fsencode(figures.folder_name(os.path.basename(path_of(document.key)))))

    def _content(self, folder: str, name: str) -> bytes | None:
        try:
            with files.folder_beneath(str(self._options.root), folder) as opened:
                return files.read_whole(opened, name, _MOST_BYTES)
        except (FileNotFoundError, NotADirectoryError):
            return None

    def deliver(self, document: Document, deliverables: Sequence[Deliverable]) -> str:
        """Keep the promise of `ports.Inbox`: beside the source, in the order given."""
        source = self._source(document)
        with named(f"write beside {document.key} into inbox {self.name}"):
            for deliverable in deliverables:
                _leave(source, deliverable)
        return self.sidecar_uri(document)

    def archive(self, document: Document) -> None:
        """Keep the promise of `ports.Inbox`; the sidecar stays where it was delivered."""
        source = self._source(document)
        with named(f"take {document.key} out of inbox {self.name}"):
            if self._options.after == "delete":
                removal.delete(source)
            elif self._options.after == "archive":
                removal.archive(source, str(self._options.archive))

    def reject(self, document: Document) -> None:
        """Keep the promise of `ports.Inbox`; the sidecar that says why goes along."""
        if self._options.after_failure == "move":
            with named(f"move {document.key} out of inbox {self.name} into the failed folder"):
                removal.reject(self._source(document), str(self._options.failed))


def _leave(source: FileSource, deliverable: Deliverable) -> None:
    """The figures first; and since many take a while, the source is looked at again after them."""
    with files.folder_of(source) as (folder, name):
        figures.write(folder, name, deliverable.figures)
    with files.folder_of(source) as (folder, name):
        files.write_whole(folder, files.beside(name, SUFFIXES[deliverable.output]), deliverable.content)
        if deliverable.output is Output.MARKDOWN:
            figures.sweep(folder, name, {figure.name for figure in deliverable.figures})
