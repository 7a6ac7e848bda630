"""Moments and lengths of time as people write and read them."""

from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_inbox.times import clock_time, past_moment, span

NOW = datetime(2026, 11, 3, 12, 0, tzinfo=timezone.utc).timestamp()
HOUR, DAY = 3600, 86_400

LENGTHS = {
    -3.0: "0.0 s",
    0.04: "0.0 s",
    3.14: "3.1 s",
    42.4: "42 s",
    60: "1 min",
    185: "3 min 5 s",
    7200: "2 h",
    7265: "2 h 1 min",
    5 * DAY + 3 * HOUR + 59: "5 d 3 h",
    5 * DAY + 59: "5 d",
    400 * DAY: "400 d",
}

MOMENTS = {
    "90s": NOW - 90,
    "15min": NOW - 900,
    "15m": NOW - 900,
    "2h": NOW - 2 * HOUR,
    "1.5h": NOW - 1.5 * HOUR,
    "1d12h": NOW - 36 * HOUR,
    " 1d 12h ": NOW - 36 * HOUR,
    "1w": NOW - 7 * DAY,
    "2026-11-01": NOW - 60 * HOUR,
    "2026-11-03T08:15": NOW - 3.75 * HOUR,
    "2026-11-03T08:15Z": NOW - 3.75 * HOUR,
    "2026-11-03T09:15+01:00": NOW - 3.75 * HOUR,
}


@pytest.mark.parametrize("seconds", LENGTHS)
def test_a_length_of_time_is_said_in_its_two_largest_units(seconds: float) -> None:
    assert span(seconds) == LENGTHS[seconds]


@pytest.mark.parametrize("text", MOMENTS)
def test_a_moment_is_so_long_ago_or_a_date_in_utc(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert past_moment(text, NOW) == MOMENTS[text]


@pytest.mark.parametrize("text", ["", "2", "h", "2 hours", "2h ago", "yesterday", "2026-13-01", "-2h"])
def test_what_is_no_moment_is_refused_with_what_would_be_one(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no time: write how long ago \(90s"):
        past_moment(text, NOW)


@given(st.integers(0, 10_000_000))
def test_a_length_that_is_said_can_be_asked_for_again(seconds: int) -> None:
    """To its second largest unit."""
    asked = NOW - past_moment(span(float(seconds)), NOW)
    assert 0 <= seconds - asked < max(60, seconds / 20)


def test_a_moment_is_shown_with_its_time_zone() -> None:
    assert clock_time(NOW) == "2026-11-03 12:00:00 UTC"
