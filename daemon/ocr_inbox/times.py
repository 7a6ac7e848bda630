"""Moments and lengths of time, as people write and read them; moments are in UTC, as everywhere here."""

import re
from datetime import datetime, timezone

_SECONDS = {"s": 1, "min": 60, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_PART = re.compile(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d|w)\s*")
_LENGTH = re.compile(rf"(?:{_PART.pattern})+")
_PRECISE_SECONDS = 10


def span(seconds: float) -> str:
    """A length of time in its two largest units: 0.4 s, 42 s, 3 min 5 s, 2 h, 5 d 3 h."""
    if seconds < _PRECISE_SECONDS:
        return f"{max(0.0, seconds):.1f} s"
    rest, parts = round(seconds), list[tuple[int, str]]()
    for name, length in (("d", 86_400), ("h", 3600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, length)
        if parts or count:
            parts.append((count, name))
    return " ".join(f"{count} {name}" for count, name in parts[:2] if count)


def clock_time(moment: float) -> str:
    """A moment to the second, such as 2026-11-01 08:15:03 UTC."""
    return f"{datetime.fromtimestamp(moment, tz=timezone.utc):%Y-%m-%d %H:%M:%S} UTC"


def past_moment(text: str, now: float) -> float:
    """What `2h`, `1d12h`, `2026-11-01` or `2026-11-01T08:15+01:00` means: so long before now, or then, by default UTC.

    Seconds since the epoch; raises ValueError for anything else.
    """
    if _LENGTH.fullmatch(text.strip()):
        return now - sum(float(number) * _SECONDS[unit] for number, unit in _PART.findall(text))
    try:
        moment = datetime.fromisoformat(re.sub("[zZ]$", "+00:00", text.strip()))
    except ValueError as error:
        raise ValueError(
            f"{text!r} is no time: write how long ago (90s, 15min, 2h, 3d, 1w) or when (2026-11-01, 2026-11-01T08:15)"
        ) from error
    return (moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)).timestamp()
