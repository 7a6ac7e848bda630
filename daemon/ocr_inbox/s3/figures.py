"""The objects below a document's key that hold what its markdown shows; names in there are ours."""

from collections.abc import Collection, Sequence
from typing import Any

from ocr_inbox.figures import is_name
from ocr_inbox.objects import ObjectName
from ocr_inbox.reading import Figure
from ocr_inbox.s3.listing import pages_of
from ocr_inbox.s3.refusals import named


def write(client: Any, folder: ObjectName, figures: Sequence[Figure]) -> None:
    """Leave the figures there, each whole; raises AccessDeniedError and InboxUnavailableError."""
    for figure in figures:
        with named(f"write a figure into bucket {folder.bucket}"):
            client.put_object(
                Bucket=folder.bucket, Key=folder.key + figure.name, Body=figure.content, ContentType="image/jpeg"
            )


def sweep(client: Any, folder: ObjectName, kept: Collection[str]) -> None:
    """Remove the figures that are not in `kept`; raises as `write`."""
    for page in pages_of(client, folder.bucket, folder.key):
        for listed in page:
            name = listed.name.key.removeprefix(folder.key)
            if is_name(name) and name not in kept:
                with named(f"remove a figure from bucket {folder.bucket}"):
                    client.delete_object(Bucket=folder.bucket, Key=listed.name.key)
