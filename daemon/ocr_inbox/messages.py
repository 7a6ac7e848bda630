"""What each event says to a person who reads the journal, how grave it is, and the id that the catalog knows it by."""

from collections.abc import Mapping
from dataclasses import dataclass

CRITICAL, ERROR, WARNING, NOTICE, INFO, DEBUG = 2, 3, 4, 5, 6, 7
"""Priorities of the journal, as syslog numbers them."""

_OF_LEVEL = {"critical": CRITICAL, "error": ERROR, "warning": WARNING, "info": INFO, "debug": DEBUG}


@dataclass(frozen=True, slots=True)
class Message:
    """An id is never given away twice, and stays where its meaning does; the names in braces are fields."""

    id: str
    priority: int
    sentence: str


MESSAGES: Mapping[str, Message] = {
    "started": Message(
        "3d64c30de2b849859b4bd711331a42af",
        NOTICE,
        "ocr-inbox {version} started (inboxes: {inboxes}, readers: {readers})",
    ),
    "draining": Message(
        "142b1532545b40ccbecc0fa61afebaf7", NOTICE, "Takes nothing new, and ends when this is read: {scope}"
    ),
    "stopped": Message("f72069a2711646a1b55ef7be44de9c5e", NOTICE, "ocr-inbox stopped"),
    "ended": Message("41ce5cb683164c6996e7c20a305eec34", CRITICAL, "ocr-inbox ended: {reason}"),
    "crashed": Message("e3aee5fc0d4b4ea68e5a788f99b2a23f", CRITICAL, "ocr-inbox ended by a fault of its own"),
    "recovered": Message(
        "991268797d324cac941e3e658062fe97",
        WARNING,
        "What was being read when the daemon ended is first in line now (documents: {jobs})",
    ),
    "reloaded": Message(
        "93373f4801c3438a84fc288ac5cbec79", NOTICE, "The configuration was read again; new are: {applied}"
    ),
    "restart_needed": Message(
        "03b432d38acb449f97f68db2beb77283",
        WARNING,
        "Changed in the configuration, but in force only after a restart: {keys}",
    ),
    "reload_refused": Message("7a327ff1becc4aef889a642771b145af", ERROR, "The configuration stays as it was: {reason}"),
    "api_listening": Message("34597e8d7760404184d340645dd9920d", INFO, "The API listens on {url}"),
    "socket_elsewhere": Message(
        "8fca195c314d488da5414bdf981285bd",
        WARNING,
        "The API listens where the socket unit says ({urls}), not on {host}:{port}",
    ),
    "socket_unused": Message(
        "213064341d5a47ddbf3ea69e8e7e3e05", WARNING, "Nobody serves {url}: the API is switched off in the configuration"
    ),
    "request_failed": Message("4aa70def65a44d34a2114d595e049eee", ERROR, "A request failed: {reason}"),
    "job_done": Message(
        "ff0f0bff602e40b39f2bf345ba15850e", INFO, "Read {document} by pipeline {pipeline} in {seconds} s"
    ),
    "job_skipped": Message("df3a73496f434980a18369224362cfb5", INFO, "Skipped {document}: {reason}"),
    "job_waits": Message("7d2d3af4589d4b01ad8cde28e84da726", WARNING, "{document} waits (job {job}): {reason}"),
    "job_buried": Message("7e1c9b5957ec43b28436ed8fd7f7e457", ERROR, "Gave up {document} (job {job}): {reason}"),
    "claim_lost": Message("63ddea6f162345c4a1a68aad543e1b43", WARNING, "Somebody else has job {job} by now: {reason}"),
    "intake_paused": Message(
        "c7c9d56b60ac41dd813a63faa2cb81c4", ERROR, "Inbox {inbox} takes nothing in for the moment: {reason}"
    ),
    "inbox_watched": Message("92197771502549abb56d002954564793", INFO, "Inbox {inbox} is watched ({mode})"),
    "inbox_troubled": Message("351f5bfd528f4791a84311b9b35cc173", WARNING, "Inbox {inbox} is troubled: {reason}"),
    "inbox_held": Message(
        "57dad368fae342af8b7c18d37f312a7f",
        WARNING,
        "Inbox {inbox} is away: its documents wait, and one of them is tried now and then: {reason}",
    ),
    "inbox_events_lost": Message(
        "e392b020ca3b45e6837416138ef07846",
        WARNING,
        "The kernel dropped events of inbox {inbox}; everything is looked through",
    ),
    "inbox_watch_renewed": Message(
        "09b38278c2114b3b99e2a5d1282879a3", WARNING, "The watch over inbox {inbox} began anew"
    ),
    "event_not_understood": Message(
        "f140757a6f164f14a9f40e970a7fe967", WARNING, "{listener} told of something that is not understood: {reason}"
    ),
    "event_unwanted": Message(
        "8c51649887d245f88f73450fa342b50d", WARNING, "{listener} told of something that no inbox wants: {reason}"
    ),
    "hearing_troubled": Message("17bceab0c4784a47ae208ec151cc1377", WARNING, "{listener} hears nothing: {reason}"),
    "hearing_again": Message("8f3256d608bd4474a36121287ce83096", INFO, "{listener} hears again"),
    "reader_ready": Message(
        "68344bf4c68b47f48e016c63f57ecb6e", INFO, "A reader is ready on {device} after {seconds} s"
    ),
    "reader_replaced": Message("53d35e884f8b46ab816c5b6782af5556", WARNING, "A reader was replaced: {reason}"),
    "reader_outgrown": Message(
        "5dc16ee1b9f146e0a0009a96b6f87c92",
        INFO,
        "A reader was replaced for its memory ({rss_mb} MB after {documents} documents)",
    ),
    "vl_server_up": Message("3e1ba769abdb464e9af8430398ab5934", INFO, "The PaddleOCR-VL server is there"),
    "vl_server_down": Message(
        "220800da5314463888d89dbfcbc35207", WARNING, "The PaddleOCR-VL server cannot be used: {reason}"
    ),
    "infrastructure": Message("d68e085a693e4d6090d20fff615071e0", ERROR, "Lane {lane} waits for the world: {reason}"),
    "inbox_unavailable": Message("59b3615f1810425d9d156bd30a1d459c", ERROR, "Lane {lane} waits for an inbox: {reason}"),
    "access_denied": Message("9d04d75e2ab645dbb54469214e1264c0", ERROR, "Lane {lane} is refused: {reason}"),
    "ledger_unavailable": Message(
        "d265e84344cd4f0dab62a31b8eba9003", ERROR, "Lane {lane} waits for the ledger: {reason}"
    ),
    "pipeline_unavailable": Message("cd1a037761cf4faaab28222203bf57ec", ERROR, "Lane {lane} has no readers: {reason}"),
    "models_missing": Message("a5f1cf11b3e54984a98f3a0d6c50428c", ERROR, "Lane {lane} has no models: {reason}"),
    "package_index": Message("80416b2ba8ee4a07a1e431a468076afe", ERROR, "Lane {lane} cannot fetch models: {reason}"),
    "vl_unavailable": Message(
        "b308c03e03194229b3730bf444bb4358", ERROR, "Lane {lane} waits for the PaddleOCR-VL server: {reason}"
    ),
    "upkeep_paused": Message(
        "cea154ece7d2443381d692f134bad592", WARNING, "Old results are not cleared away for the moment: {reason}"
    ),
    "answer_overdue": Message(
        "664fd6fa5f8c4c018c0df6b8450281d1",
        WARNING,
        "{loop} has waited for {whom} for {seconds} s: that hangs, or is very slow",
    ),
    "loop_hung": Message(
        "34cfda2d14a24647a8a611f806499a83", CRITICAL, "{loop} hangs: nothing was heard of it for {seconds} s"
    ),
    "loop_goes_on": Message("94a092c28e4f4059aa24f0d113c17a7a", NOTICE, "{loop} goes on"),
    "loop_did_not_stop": Message(
        "e039e7fd310d408aa543a63a3a01bef5", ERROR, "{loop} did not end in time, and is left behind"
    ),
}


class _Words(dict[str, str]):
    def __missing__(self, _: str) -> str:
        return "?"


def sentence_of(event: str, fields: Mapping[str, object]) -> str:
    """The event with its fields in words; one that is not in the table speaks for itself."""
    message = MESSAGES.get(event)
    if message is None:
        return event
    words = _Words({name: _word(value) for name, value in fields.items() if value is not None})
    words["document"] = f"{words['key']} in inbox {words['inbox']}" if "key" in words else "an upload"
    return message.sentence.format_map(words)


def _word(value: object) -> str:
    return ", ".join(map(str, value)) or "nothing" if isinstance(value, list | tuple) else str(value)


def priority_of(event: str, level: str) -> int:
    """How grave it is; what is not in the table is as grave as it says itself."""
    message = MESSAGES.get(event)
    return message.priority if message else _OF_LEVEL.get(level, INFO)
