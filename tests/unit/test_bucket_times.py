"""The times of objects, in all formats in which stores tell them."""

from datetime import datetime, timezone

import pytest
from botocore.utils import parse_timestamp

from ocr_inbox.s3.store import moment

NOON = datetime(2026, 3, 17, 12, 0, 7, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-17T12:00:07Z",
        "2026-03-17T12:00:07.000Z",
        "2026-03-17T12:00:07.000000Z",
        "2026-03-17T12:00:07.000000000Z",
        "2026-03-17T14:00:07+02:00",
        "20260317T120007Z",
        "Tue, 17 Mar 2026 12:00:07 GMT",
        str(int(NOON.timestamp())),
        NOON.timestamp(),
    ],
)
def test_a_time_is_what_botocore_makes_of_it(text: str | float) -> None:
    assert moment(text) == parse_timestamp(text) == NOON


def test_what_is_no_time_is_refused() -> None:
    with pytest.raises(ValueError, match="yesterday"):
        moment("yesterday")
