"""Which objects of a bucket are documents of an inbox, and how they and what is left for them are called."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from ocr_inbox.errors import SourceGoneError
from ocr_inbox.figures import name_of
from ocr_inbox.files import NAME_MAX, beside
from ocr_inbox.model import Arrival, Document, Output
from ocr_inbox.names import is_never_a_document, is_private_folder, key_of, path_of
from ocr_inbox.objects import KEY_MAX, ObjectName, ObjectStamp
from ocr_inbox.s3.listing import Listed
from ocr_inbox.s3.options import BucketOptions, Place
from ocr_inbox.sidecar import FIGURES_SUFFIX, SUFFIXES

_MARK_LENGTH = 12
_LONGEST_EXTENSION = 32
_ANY_FIGURE = name_of(b"")


@dataclass(frozen=True, slots=True)
class Ground:
    """The part of a bucket that an inbox is made of."""

    options: BucketOptions

    def covers(self, name: ObjectName) -> bool:
        """Whether an object of this name lies in this part of the bucket."""
        return name.bucket == self.options.bucket and name.key.startswith(self.options.prefix)

    def holds(self, name: ObjectName, size: int) -> bool:
        """Whether this is a document: not a folder's marker, not empty, not hidden, not ours, not archived."""
        return self.covers(name) and self._is_document(name.key, size, self.options.elsewhere())

    def arrivals(self, listed: Iterable[Listed], *, by_event: bool = False) -> tuple[Arrival, ...]:
        """The documents among objects of this part of the bucket that were not written before the inbox's time."""
        elsewhere, since = self.options.elsewhere(), int(self.options.not_before)
        return tuple(
            Arrival(document=self.document(it.name, it.stamp), size=it.stamp.size, by_event=by_event)
            for it in listed
            if it.stamp.modified >= since and self._is_document(it.name.key, it.stamp.size, elsewhere)
        )

    def _is_document(self, key: str, size: int, elsewhere: tuple[str, ...]) -> bool:
        if size == 0 or key.endswith("/") or key.startswith(elsewhere):
            return False
        folder, _, last = key[len(self.options.prefix) :].rpartition("/")
        return last != "" and not is_never_a_document(last) and not _is_private(folder)

    def document(self, name: ObjectName, stamp: ObjectStamp) -> Document:
        """The document that this version of an object is; its key counts from the inbox's prefix."""
        key = key_of(name.key[len(self.options.prefix) :])
        return Document(inbox=self.options.name, key=key, version=stamp.version)

    def object_of(self, document: Document) -> ObjectName:
        """The object that the document is a version of."""
        return _below(self.options.own, document)

    def output(self, document: Document, output: Output) -> ObjectName:
        """Where this output of a document lies, or will."""
        return with_suffix(_below(self.options.sidecar_place, document), SUFFIXES[output])

    def copies(self, document: Document, place: Place) -> tuple[ObjectName, ObjectName]:
        """What a copy of the document is called at another place, and what where that name is taken."""
        name = _below(place, document)
        folder, slash, last = name.key.rpartition("/")
        stem, dot, extension = last.rpartition(".")
        if not stem or len(extension) > _LONGEST_EXTENSION:
            stem, dot, extension = last, "", ""
        ending = dot + extension
        marked = folder + slash + beside(stem, f"~{_mark(document.version)}{ending}")
        return (
            ObjectName(bucket=name.bucket, key=_fitted(name.key, ending)),
            ObjectName(bucket=name.bucket, key=_fitted(marked, ending)),
        )

    def figures(self, document: Document) -> ObjectName:
        """What the keys of the figures of its markdown begin with, up to the last /."""
        folder = with_suffix(
            _below(self.options.sidecar_place, document), FIGURES_SUFFIX, KEY_MAX - len(f"/{_ANY_FIGURE}")
        )
        return replace(folder, key=f"{folder.key}/")


def stamp_of(document: Document) -> ObjectStamp:
    """The version that the document is; raises SourceGoneError where it never was one of an object."""
    try:
        return ObjectStamp.from_version(document.version)
    except ValueError as error:
        raise SourceGoneError(f"cannot find version {document.version} in a bucket: it is none of an object") from error


def sidecar_of(name: ObjectName) -> ObjectName:
    """The JSON sidecar that lies beside an object."""
    return with_suffix(name, SUFFIXES[Output.JSON])


def with_suffix(name: ObjectName, suffix: str, most: int = KEY_MAX) -> ObjectName:
    """The name with something appended; where that is too long, it is cut and marked with what it was."""
    folder, slash, last = name.key.rpartition("/")
    return ObjectName(bucket=name.bucket, key=_fitted(folder + slash + beside(last, suffix), suffix, most))


def _below(place: Place, document: Document) -> ObjectName:
    return ObjectName(bucket=place.bucket, key=place.prefix + path_of(document.key))


def _fitted(key: str, ending: str, most: int = KEY_MAX) -> str:
    """A key that ends so and has at most so many bytes; its last name fits where stores keep names as files."""
    whole = key.encode()
    if len(whole) <= most:
        return key
    tail = f"~{_mark(key)}{ending}"
    folder, slash, last = whole[: most - len(tail.encode())].rpartition(b"/")
    return (folder + slash + last[: NAME_MAX - len(tail.encode())]).decode(errors="ignore") + tail


def _mark(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:_MARK_LENGTH]


@lru_cache(maxsize=4096)
def _is_private(folder: str) -> bool:
    """Dots alone are a folder like any other here: nothing leads upwards in a bucket."""
    return any(is_private_folder(name) for name in folder.split("/") if name.strip("."))
