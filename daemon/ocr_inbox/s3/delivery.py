"""What is left for a document, as objects that say what they were made from."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from ocr_inbox.errors import InboxUnavailableError, SourceGoneError
from ocr_inbox.model import Output
from ocr_inbox.objects import ObjectName, ObjectStamp
from ocr_inbox.reading import Deliverable
from ocr_inbox.s3.habits import Abilities
from ocr_inbox.s3.listing import demand_version, etag_of, look, only_if
from ocr_inbox.s3.refusals import named

_TYPES: Mapping[Output, str] = {
    Output.JSON: "application/json",
    Output.MARKDOWN: "text/markdown; charset=utf-8",
    Output.CSV: "text/csv; charset=utf-8",
    Output.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Output.HOCR: "application/xhtml+xml",
    Output.ALTO: "application/xml",
    Output.PDF: "application/pdf",
}
_TRIES = 5
_MOST_BYTES = 1 << 28
"""Of an object under the name of an output, which anybody may have put there; this one is read into memory."""
_METADATA_BYTES = 1500
"""Of the source's key: stores allow 2 KB for all metadata."""


def fetched(client: Any, name: ObjectName) -> bytes | None:
    """What lies there, None where nothing does; raises AccessDeniedError and InboxUnavailableError."""
    try:
        with named(f"read {name.key} in bucket {name.bucket}"):
            answer = client.get_object(Bucket=name.bucket, Key=name.key)
            with answer["Body"] as body:
                content: bytes = body.read(_MOST_BYTES)
                return content
    except SourceGoneError:
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What is left for one version of one object.

    All methods raise SourceGoneError and SourceChangedError, AccessDeniedError and InboxUnavailableError.
    """

    client: Any
    source: ObjectName
    stamp: ObjectStamp
    abilities: Abilities

    def demand_source(self) -> None:
        """Return if the source still is the version that was read."""
        demand_version(self.client, self.source, self.stamp)

    def put(self, target: ObjectName, deliverable: Deliverable, condition: Mapping[str, str] | None = None) -> None:
        """Leave one file, whole or not at all, over whatever lies there unless a condition says otherwise."""
        with named(f"write {target.key} into bucket {target.bucket}"):
            self.client.put_object(
                Bucket=target.bucket,
                Key=target.key,
                Body=deliverable.content,
                ContentType=_TYPES[deliverable.output],
                Metadata=self._metadata(),
                **(condition or {}),
            )

    def put_last(self, target: ObjectName, deliverable: Deliverable) -> None:
        """Leave the sidecar as long as its source is still the version that was read.

        Where the store obeys conditions, what another daemon wrote since the source was looked at is not written over:
        it may be of a newer version.
        """
        condition = {"IfNoneMatch": "*"} if self.abilities.put_new else self._only_over(target)
        for _ in range(_TRIES):
            self.demand_source()
            with suppress(SourceGoneError):
                self.put(target, deliverable, condition)
                return
            condition = self._only_over(target)
        raise InboxUnavailableError(
            f"cannot write {target.key} into bucket {target.bucket}: others write it all the time; is a second "
            "daemon with another configuration at work?"
        )

    def _only_over(self, target: ObjectName) -> dict[str, str]:
        """The condition that there is what is there now."""
        if not self.abilities.put_over:
            return {}
        there = look(self.client, target)
        if there is None:
            return {"IfNoneMatch": "*"} if self.abilities.put_new else {}
        return only_if(etag_of(there))

    def _metadata(self) -> dict[str, str]:
        return {
            "ocr-source": quote(f"{self.source.bucket}/{self.source.key}")[:_METADATA_BYTES],
            "ocr-source-etag": quote(self.stamp.etag),
        }
