"""Objects on their way into a reader: streamed, under a byte cap, in the version that was asked for or not at all."""

from typing import Any

from ocr_inbox.errors import InboxUnavailableError, SourceChangedError, TooLargeError
from ocr_inbox.objects import ObjectSource, Store
from ocr_inbox.s3.refusals import named
from ocr_inbox.s3.store import Connection

_TRIES = 3
_CHUNK = 1 << 20


class Fetcher:
    """Remembers its connections, and the last object: the windows of one document follow each other."""

    def __init__(self) -> None:
        self._connections: dict[Store, Connection] = {}
        self._last: tuple[ObjectSource, bytes] | None = None

    def fetch(self, source: ObjectSource, max_bytes: int) -> bytes:
        """The object's bytes.

        Raises TooLargeError before anything is fetched, SourceGoneError and SourceChangedError, and where the store is
        at fault AccessDeniedError or InboxUnavailableError.
        """
        if source.size > max_bytes:
            raise TooLargeError(
                f"cannot read the object: it has {source.size} bytes and {max_bytes} are allowed;"
                " split it or raise the limit"
            )
        if self._last is None or self._last[0] != source:
            self._last = None  # two at once would take the memory twice
            self._last = (source, self._fetched(source))
        return self._last[1]

    def _fetched(self, source: ObjectSource) -> bytes:
        connection = self._connections.setdefault(source.store, Connection(source.store))
        for remaining in reversed(range(_TRIES)):
            try:
                return _downloaded(connection.client(), source)
            except InboxUnavailableError:
                if not remaining:
                    raise
        raise AssertionError("the last try returns or raises")


def _downloaded(client: Any, source: ObjectSource) -> bytes:
    with named("read the object"):
        answer = client.get_object(Bucket=source.name.bucket, Key=source.name.key, IfMatch=f'"{source.etag}"')
        with answer["Body"] as body:
            if answer["ETag"].strip('"') != source.etag:  # there are servers that do not know If-Match
                raise SourceChangedError("cannot read the object: it was replaced by another version")
            content = bytearray()
            while len(content) <= source.size and (chunk := body.read(_CHUNK)):
                content += chunk
    if len(content) != source.size:
        raise InboxUnavailableError(
            f"cannot read the object: the store sent {len(content)} of {source.size} bytes; it is asked again later"
        )
    return bytes(content)
