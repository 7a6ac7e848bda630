"""An event becomes an entry that the journal takes whole, and that people and machines can ask for."""

import struct

import pytest

from journald import decoded
from ocr_inbox.entries import entry_of
from ocr_inbox.journal import encoded, field_name
from ocr_inbox.messages import MESSAGES

BURIED = {
    "event": "job_buried",
    "level": "error",
    "timestamp": "2026-11-23T10:00:00Z",
    "job": 7,
    "inbox": "scans",
    "pipeline": "table",
    "key": "table/a.png",
    "code": "crashed",
    "reason": "cannot read it: its reader died",
    "attempt": 3,
}


def test_an_outcome_can_be_asked_for_by_each_of_its_values() -> None:
    assert decoded(encoded(entry_of(BURIED))) == {
        "MESSAGE": b"Gave up table/a.png in inbox scans (job 7): cannot read it: its reader died",
        "MESSAGE_ID": MESSAGES["job_buried"].id.encode(),
        "PRIORITY": b"3",
        "SYSLOG_FACILITY": b"3",
        "SYSLOG_IDENTIFIER": b"ocr-inbox",
        "EVENT": b"job_buried",
        "JOB": b"7",
        "INBOX": b"scans",
        "PIPELINE": b"table",
        "KEY": b"table/a.png",
        "ERROR_CODE": b"crashed",
        "REASON": b"cannot read it: its reader died",
        "ATTEMPT": b"3",
    }


def test_an_upload_has_no_name() -> None:
    fields = entry_of({**BURIED, "inbox": "uploads", "key": None})
    assert fields["MESSAGE"] == "Gave up an upload (job 7): cannot read it: its reader died"
    assert "KEY" not in fields


def test_what_a_library_says_is_its_own_sentence() -> None:
    fields = entry_of({"event": "odd {x}\nrequest", "level": "warning", "logger": "uvicorn.error"})
    assert (fields["MESSAGE"], fields["PRIORITY"]) == ("odd {x}\nrequest", "4")
    assert (fields["LOGGER"], "EVENT" in fields, "MESSAGE_ID" in fields) == ("uvicorn.error", False, False)


def test_a_traceback_is_read_with_its_message_and_can_be_asked_for() -> None:
    fields = entry_of({"event": "it failed", "level": "error", "exception": "Traceback\n  …"})
    assert fields["MESSAGE"] == "it failed\nTraceback\n  …"
    assert fields["EXCEPTION"] == "Traceback\n  …"


@pytest.mark.parametrize(
    "name", ["message", "message_id", "priority", "code_file", "syslog_identifier", "unit", "event"]
)
def test_no_field_takes_a_name_that_means_something_to_the_journal(name: str) -> None:
    before = entry_of(BURIED)
    after = entry_of({**BURIED, name.upper(): "mine"})
    assert {key: after[key] for key in before} == before
    assert "mine" in after.values()


@pytest.mark.parametrize(
    ("name", "fit"),
    [
        ("key", "KEY"),
        ("rss_mb", "RSS_MB"),
        ("_private", "PRIVATE"),
        ("4th", "N4TH"),
        ("with space=and\nmore", "WITH_SPACE_AND_MORE"),
        ("größe", "GR_SSE"),
        ("", "FIELD"),
        ("x" * 100, "X" * 64),
    ],
)
def test_every_name_becomes_one_that_the_journal_takes(name: str, fit: str) -> None:
    assert field_name(name) == fit


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        ("plain", b"F=plain\n"),
        ("ümläut", "F=ümläut\n".encode()),
        ("", b"F=\n"),
        ("a\nb", b"F\n" + struct.pack("<Q", 3) + b"a\nb\n"),
        (b"\0\xff=", b"F\n" + struct.pack("<Q", 3) + b"\0\xff=\n"),
        ("name-\udcff.png", b"F=name-\\udcff.png\n"),
    ],
)
def test_values_are_sent_so_that_none_of_them_ends_the_field(value: str | bytes, sent: bytes) -> None:
    assert encoded({"F": value}) == sent


def test_lists_and_numbers_are_sent_as_json() -> None:
    fields = entry_of(
        {"event": "restart_needed", "level": "warning", "keys": ["api.port", "state_dir"], "seconds": 0.5}
    )
    assert (fields["KEYS"], fields["SECONDS"]) == ('["api.port", "state_dir"]', "0.5")
    assert fields["MESSAGE"] == "Changed in the configuration, but in force only after a restart: api.port, state_dir"
