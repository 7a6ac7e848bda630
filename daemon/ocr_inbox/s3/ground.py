"""Which objects of a bucket are documents of an inbox, and how they and what is left for them are called."""

import hashlib
from dataclasses import dataclass, replace
from functools import lru_cache

from ocr_inbox.errors import SourceGoneError
from ocr_inbox.figures import name_of
from ocr_inbox.model import Document, Output
from ocr_inbox.names import is_never_a_document, is_private_folder, key_of, path_of
from ocr_inbox.objects import ObjectName, ObjectStamp
from ocr_inbox.s3.options import BucketOptions, Place
from ocr_inbox.sidecar import FIGURES_SUFFIX, SUFFIXES

KEY_MAX = 1024
"""Bytes of a key, in every store that speaks S3."""
_MARK_LENGTH = 16
_FIGURE = name_of(b"")
"""As long as any figure's name, so that all figures of a long key lie at one place."""


@dataclass(frozen=True, slots=True)
class Ground:
    """The part of a bucket that an inbox is made of."""

    options: BucketOptions

    def covers(self, name: ObjectName) -> bool:
        """Whether an object of this name lies in this part of the bucket."""
        return name.bucket == self.options.bucket and name.key.startswith(self.options.prefix)

    def holds(self, name: ObjectName, size: int) -> bool:
        """Whether this is a document: not a folder's marker, not empty, not hidden, not ours, not archived."""
        options = self.options
        if not self.covers(name) or size == 0:
            return False
        if name.key.endswith("/") or name.key.startswith(options.elsewhere()):
            return False
        folder, _, last = name.key[len(options.prefix) :].rpartition("/")
        return not is_never_a_document(last) and not _is_private(folder)

    def document(self, name: ObjectName, stamp: ObjectStamp) -> Document:
        """The document that this version of an object is; its key counts from the inbox's prefix."""
        key = key_of(name.key[len(self.options.prefix) :])
        return Document(inbox=self.options.name, key=key, version=stamp.version)

    def relative(self, document: Document) -> str:
        """The key below the prefix, as the store has it."""
        return path_of(document.key)

    def object_of(self, document: Document) -> ObjectName:
        """The object that the document is a version of."""
        return below(self.options.own, self.relative(document))

    def output(self, document: Document, output: Output) -> ObjectName:
        """Where this output of a document lies, or will."""
        place = self.options.sidecars or self.options.own
        return with_suffix(below(place, self.relative(document)), SUFFIXES[output])

    def figures(self, document: Document) -> ObjectName:
        """What the keys of the figures of its markdown begin with, up to the last /."""
        place = self.options.sidecars or self.options.own
        name = with_suffix(below(place, self.relative(document)), f"{FIGURES_SUFFIX}/{_FIGURE}")
        return replace(name, key=name.key.removesuffix(_FIGURE))


def stamp_of(document: Document) -> ObjectStamp:
    """The version that the document is; raises SourceGoneError where it never was one of an object."""
    try:
        return ObjectStamp.from_version(document.version)
    except ValueError as error:
        raise SourceGoneError(f"cannot find version {document.version} in a bucket: it is none of an object") from error


def below(place: Place, relative: str) -> ObjectName:
    """The name of an object with this key below a place."""
    return ObjectName(bucket=place.bucket, key=place.prefix + relative)


def sidecar_of(name: ObjectName) -> ObjectName:
    """The JSON sidecar that lies beside an object."""
    return with_suffix(name, SUFFIXES[Output.JSON])


def with_suffix(name: ObjectName, suffix: str) -> ObjectName:
    """The name with something appended; one that would be too long is cut, and what tells it from others put in."""
    key = name.key + suffix
    if len(key.encode()) > KEY_MAX:
        mark = "~" + hashlib.sha256(name.key.encode()).hexdigest()[:_MARK_LENGTH]
        room = KEY_MAX - len(mark) - len(suffix.encode())
        key = name.key.encode()[:room].decode(errors="ignore") + mark + suffix
    return ObjectName(bucket=name.bucket, key=key)


@lru_cache(maxsize=4096)
def _is_private(folder: str) -> bool:
    return any(is_private_folder(name) for name in folder.split("/") if name)
