"""Events as entries of the journal: a sentence for people, and a field for everything that machines ask for."""

import json
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

from ocr_inbox.journal import Fields, Journal, field_name
from ocr_inbox.messages import MESSAGES, priority_of, sentence_of

_DAEMON_FACILITY = "3"
_OURS = {"code": "ERROR_CODE", "message": "QUEUE_MESSAGE"}
_SAID_OTHERWISE = frozenset({"event", "level", "timestamp"})
_THEIRS = frozenset(
    {
        *("MESSAGE", "MESSAGE_ID", "PRIORITY", "EVENT", "DOCUMENTATION", "ERRNO", "TID", "UNIT", "USER_UNIT"),
        *("CODE_FILE", "CODE_LINE", "CODE_FUNC", "INVOCATION_ID", "USER_INVOCATION_ID"),
    }
)
_BEGINNINGS_OF_THEIRS = ("SYSLOG_", "COREDUMP_", "OBJECT_")


def entry_of(event: Mapping[str, Any]) -> Fields:
    """What the journal is told of an event; what has no value is left out, and no field takes journald's own names."""
    name, level = str(event.get("event", "")), str(event.get("level", "info"))
    sentence = sentence_of(name, event)
    entry: dict[str, str | bytes] = {
        "MESSAGE": f"{sentence}\n{event['exception']}" if event.get("exception") else sentence,
        "PRIORITY": str(priority_of(name, level)),
        "SYSLOG_FACILITY": _DAEMON_FACILITY,
        "SYSLOG_IDENTIFIER": "ocr-inbox",
    }
    if name in MESSAGES:
        entry |= {"MESSAGE_ID": MESSAGES[name].id, "EVENT": name}
    for key, value in event.items():
        if value is not None and key not in _SAID_OTHERWISE:
            entry[_field(key)] = _content(value)
    return entry


def _field(key: str) -> str:
    name = _OURS.get(key) or field_name(key)
    theirs = name in _THEIRS or name.startswith(_BEGINNINGS_OF_THEIRS)
    return field_name(f"OCR_INBOX_{name}") if theirs else name


def _content(value: object) -> str | bytes:
    if isinstance(value, str | bytes):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


class IntoJournal:
    """The last step of an event that journald takes; one that it does not take goes on."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def __call__(self, _: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """Raises structlog.DropEvent where nothing is left to do."""
        if self._journal.send(entry_of(event)):
            raise structlog.DropEvent
        return event
