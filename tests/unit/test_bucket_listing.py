"""What stores tell of versions, in all the ways in which they do."""

from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ocr_inbox.errors import (
    AccessDeniedError,
    InboxAwayError,
    InboxUnavailableError,
    LockedOutError,
    OcrInboxError,
    SourceChangedError,
    SourceGoneError,
)
from ocr_inbox.objects import ObjectStamp
from ocr_inbox.s3.listing import etag_of, only_if, stamp_in
from ocr_inbox.s3.refusals import named
from ocr_inbox.s3.removal import _is_copy

NOON = datetime(2026, 3, 17, 12, 0, 7, tzinfo=timezone.utc)
STAMP = ObjectStamp(etag="9dd4", modified=int(NOON.timestamp()), size=6)


@pytest.mark.parametrize("etag", ['"9dd4"', "9dd4", 'W/"9dd4"'])
def test_an_etag_is_the_same_however_it_is_quoted(etag: str) -> None:
    assert etag_of({"ETag": etag}) == "9dd4"
    assert only_if(etag_of({"ETag": etag})) == {"IfMatch": '"9dd4"'}


def test_a_store_without_etags_is_not_asked_for_one() -> None:
    assert only_if(etag_of({})) == {}


def test_a_listing_and_a_header_tell_the_same_version() -> None:
    listed = {"ETag": "9dd4", "LastModified": NOON + timedelta(milliseconds=912)}
    header = {"ETag": '"9dd4"', "LastModified": NOON.astimezone(timezone(timedelta(hours=2)))}
    assert stamp_in(listed, 6) == stamp_in(header, 6) == STAMP


@pytest.mark.parametrize(
    ("there", "is_copy"),
    [
        ({"ContentLength": 6, "ETag": '"9dd4"', "Metadata": {}}, True),
        ({"ETag": '"9dd4"', "Metadata": {}}, True),
        ({"ContentLength": 7, "ETag": '"9dd4"', "Metadata": {}}, False),
        ({"ContentLength": 6, "ETag": '"other"', "Metadata": {}}, False),
        ({"ContentLength": 6, "ETag": '"other"', "Metadata": {"ocr-moved-version": STAMP.version}}, True),
        ({"ContentLength": 6, "ETag": '"other"', "Metadata": {"ocr-moved-version": "of another"}}, False),
    ],
)
def test_a_copy_has_the_same_content_or_says_what_it_is_a_copy_of(there: dict[str, Any], *, is_copy: bool) -> None:
    assert _is_copy(there, STAMP) == is_copy


def test_without_etags_the_same_length_is_not_enough() -> None:
    nameless = ObjectStamp(etag="", modified=STAMP.modified, size=6)
    assert not _is_copy({"ContentLength": 6, "Metadata": {}}, nameless)


@pytest.mark.parametrize(
    ("code", "failure", "advice"),
    [
        ("NoSuchKey", SourceGoneError, "no longer there"),
        ("404", SourceGoneError, "no longer there"),
        ("PreconditionFailed", SourceChangedError, "replaced by another version"),
        ("ConditionalRequestConflict", SourceChangedError, "replaced by another version"),
        ("NoSuchBucket", InboxAwayError, "make it, or correct its name"),
        ("AccessDenied", AccessDeniedError, "docs/object-stores.md"),
        ("ExpiredToken", LockedOutError, "have expired; renew them"),
        ("InvalidObjectState", AccessDeniedError, "restore it there"),
        ("RequestTimeTooSkewed", InboxAwayError, "set the clock"),
        ("301", InboxAwayError, "correct `region`"),
        ("503", InboxAwayError, "asks for fewer requests"),
        ("EntityTooLarge", InboxUnavailableError, "EntityTooLarge"),
    ],
)
def test_a_refusal_has_a_name_and_says_what_to_do(code: str, failure: type[OcrInboxError], advice: str) -> None:

    with pytest.raises(failure, match=r"^cannot fly: ") as caught, named("fly"):
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "Fly")
    assert type(caught.value) is failure
    assert advice in str(caught.value)
