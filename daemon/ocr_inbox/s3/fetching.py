"""Objects on their way into a reader: streamed, under a byte cap, in the version that was asked for or not at all."""

import time
from io import BytesIO
from typing import Any

from ocr_inbox.errors import InboxUnavailableError, SourceChangedError, SourceGoneError, TooLargeError
from ocr_inbox.objects import ObjectSource, Store
from ocr_inbox.s3.listing import demand_bucket, etag_of, only_if
from ocr_inbox.s3.refusals import named
from ocr_inbox.s3.store import Connection

_DEED = "read the object"
_TRIES = 3
"""Of a body that breaks off: what is refused before it begins was tried again already."""
_CHUNK = 1 << 20


class Fetcher:
    """Remembers its connections, and the last object: the windows of one document follow each other."""

    def __init__(self) -> None:
        self._connections: dict[Store, Connection] = {}
        self._last: tuple[ObjectSource, bytes] | None = None

    def fetch(self, source: ObjectSource, max_bytes: int) -> bytes:
        """The object's bytes, within `source.fetch_seconds`.

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
        if source.store not in self._connections:
            self._connections[source.store] = Connection(source.store)
        client = self._connections[source.store].client()
        deadline = time.monotonic() + source.fetch_seconds / 2  # the last request may hang
        for remaining in reversed(range(_TRIES)):
            body = _body(client, source)
            try:
                return _content(body, source, deadline)
            except InboxUnavailableError:
                if not remaining or time.monotonic() > deadline:
                    raise
        raise AssertionError("the last try returns or raises")


def _body(client: Any, source: ObjectSource) -> Any:
    name = source.name
    try:
        with named(_DEED):
            answer = client.get_object(Bucket=name.bucket, Key=name.key, **only_if(source.etag))
    except SourceChangedError:
        raise
    except SourceGoneError:
        demand_bucket(client, name)
        raise
    if etag_of(answer) != source.etag:  # there are servers that do not know If-Match
        answer["Body"].close()
        raise SourceChangedError(f"cannot {_DEED}: it was replaced by another version")
    return answer["Body"]


def _content(body: Any, source: ObjectSource, deadline: float) -> bytes:
    content = BytesIO()
    with named(_DEED), body:
        while content.tell() <= source.size and (chunk := body.read(_CHUNK)):
            content.write(chunk)
            if time.monotonic() > deadline:
                break
    if content.tell() != source.size:
        raise InboxUnavailableError(
            f"cannot {_DEED}: the store sent {content.tell()} of {source.size} bytes in time; it is asked again later"
        )
    return content.getvalue()
