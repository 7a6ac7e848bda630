"""`why` says what became of a document, and what helps, whatever became of it and wherever it lies now."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from folders import put, put_long_ago
from ledgers import TEXT
from ocr_inbox.commands.page import json_of, lines_of
from ocr_inbox.errors import UnknownJobError
from ocr_inbox.explanation import explained
from ocr_inbox.model import Arrival, Document, DrainScope
from ocr_inbox.options import rules_of
from ocr_inbox.routing import route
from offices import KEY, Office, an_office


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    with an_office(tmp_path) as office:
        yield office


def test_a_document_is_found_by_whatever_one_has_of_it(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    job = office.read()
    uri = office.dossier(str(job.id)).uri
    assert uri is not None
    monkeypatch.chdir(office.scans / "text")
    for asked in (office.scans / KEY, "scan.png", KEY, f"scans/{KEY}", str(job.id), uri, "../text/x/../scan.png"):
        assert office.dossier(asked).current is not None, asked


def test_what_nobody_knows_is_refused_with_what_to_ask_for(office: Office) -> None:
    with pytest.raises(UnknownJobError, match=r"lies in no inbox .*/scans, .*/shelf.*, and no job has such a key"):
        office.why("/elsewhere/scan.png")
    with pytest.raises(UnknownJobError, match="cannot find job 99"):
        office.why("99")


def test_a_key_that_two_inboxes_know_asks_for_the_inbox(office: Office) -> None:
    office.noted()
    office.noted(inbox="shelf")
    with pytest.raises(UnknownJobError, match="a key in the inboxes scans and shelf; say which one with --inbox"):
        office.why(KEY)
    assert office.dossier(KEY, inbox="shelf").meant.inbox == "shelf"


def test_what_was_read_says_that_all_is_well(office: Office) -> None:
    office.read()
    dossier = office.dossier(KEY)
    told = explained(dossier)
    assert told.answer.startswith("It was read 0.")
    assert told.remedy == "nothing"
    page = "\n".join(lines_of(dossier, told))
    assert "scan.png.ocr.json: ok; of this version, this content, this configuration" in page
    assert "running  for 0." in page


def test_what_was_archived_is_found_in_its_old_place_and_in_the_new(office: Office) -> None:
    office.read(inbox="shelf")
    archived = office.folder / "shelf/archive" / KEY
    assert archived.exists()
    for asked in (archived, office.folder / "shelf" / KEY):
        dossier = office.dossier(asked)
        assert explained(dossier).remedy == "nothing"
        assert dossier.aside == {"archive": archived.as_uri()}
        assert dossier.left is not None
        assert dossier.left.sha256 == dossier.left.sha256_now


def test_a_sidecar_that_was_taken_away_can_be_had_again(office: Office) -> None:
    job = office.read()
    (office.scans / f"{KEY}.ocr.json").unlink()
    told = office.why(KEY)
    assert told.answer.endswith("Its sidecar was taken away since.")
    assert told.remedy.startswith(f"`ocr-inbox retry {job.id}`")


@pytest.mark.parametrize(("part", "word"), [("source", "content"), ("engine", "configuration")])
def test_a_sidecar_of_something_else_is_noticed(office: Office, part: str, word: str) -> None:
    office.read()
    sidecar = office.scans / f"{KEY}.ocr.json"
    content = json.loads(sidecar.read_bytes())
    content[part]["sha256" if part == "source" else "config_digest"] = "c0ffee"
    sidecar.write_text(json.dumps(content), encoding="utf-8")
    assert f"But its sidecar is of another {word}." in office.why(KEY).answer


def test_another_version_of_the_same_content_is_no_flaw(office: Office) -> None:
    """A file that was only touched is noted again, and its sidecar found to be right."""
    office.read()
    os.utime(office.scans / KEY, (1.0, 1.0))
    job = office.claimed()
    office.ledger.note_sidecar(job, "sidecar")
    office.ledger.finish(job)
    dossier = office.dossier(KEY)
    assert explained(dossier).remedy == "nothing"
    assert len(dossier.episodes) == 2
    assert "of another version, this content" in "\n".join(lines_of(dossier, explained(dossier)))


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"status": "ok", "source": null, "engine": {}}', b"\xff"])
def test_what_lies_there_instead_of_a_sidecar_is_named(office: Office, content: bytes) -> None:
    office.read()
    (office.scans / f"{KEY}.ocr.json").write_bytes(content)
    dossier = office.dossier(KEY)
    assert dossier.left is not None
    assert dossier.left.problem == "what lies there is no sidecar of ours"


def test_what_was_given_up_says_why_and_what_helps(office: Office) -> None:
    job = office.buried()
    told = office.why(KEY)
    assert told.answer.endswith("after 1 attempt: unreadable: why.")
    assert told.remedy == f"mend it, which makes it a new version; or `ocr-inbox retry {job.id}`"


def test_what_was_given_up_and_moved_is_to_be_put_back(office: Office) -> None:
    office.buried(inbox="shelf")
    failed = office.folder / "shelf/failed" / KEY
    for asked in (failed, KEY):
        dossier = office.dossier(asked)
        assert explained(dossier).remedy == f"mend it, and put it back into the inbox ({failed.as_uri()})"
        assert dossier.left is not None
        assert (dossier.left.status, dossier.left.uri) == ("error", f"{failed.as_uri()}.ocr.json")


def test_what_vanished_is_read_where_it_is_there_again(office: Office) -> None:
    office.ledger.skip(office.claimed(), "vanished", "it is no longer there")
    told = office.why(KEY)
    assert told.answer.endswith("vanished: it is no longer there. Where it is there again, the next scan takes it.")


def test_what_no_rule_takes_says_whether_one_would_by_now(office: Office) -> None:
    office.noted("elsewhere/scan.png")
    told = office.why("elsewhere/scan.png")
    assert "no_rule: no rule matches it (tried: text/**" in told.answer
    assert told.remedy.startswith("add a rule")
    (scans, shelf) = office.settings.inboxes
    rule = {"match": "elsewhere/**", "pipeline": "text"}
    wiser = scans.model_validate({**scans.model_dump(), "rules": [rule]})
    office.settings = office.settings.model_copy(update={"inboxes": (wiser, shelf)})
    told = office.why("elsewhere/scan.png")
    assert told.answer.endswith("Today's rules would take it: elsewhere/**.")
    assert told.remedy == "touch it: then it is looked at again"


LEFT_ALONE = {
    "text/.hidden.png": "hidden or temporary",
    "text/scan.png.part": "hidden or temporary",
    ".git/scan.png": "hidden folder",
    "archive/text/scan.png": "archive or failed folder",
    "elsewhere/scan.png": "no rule matches it",
}


@pytest.mark.parametrize("key", LEFT_ALONE)
def test_what_the_inbox_leaves_alone_says_why(office: Office, key: str) -> None:
    put_long_ago(office.scans, key)
    told = office.why(office.scans / key)
    assert told.answer.startswith("Inbox scans leaves it alone: ")
    assert LEFT_ALONE[key] in told.answer


def test_what_can_be_no_document_says_why(office: Office) -> None:
    put(office.scans, "text/empty.png", b"")
    (office.scans / "text/link.png").symlink_to("empty.png")
    assert "leaves it alone: it is empty" in office.why(office.scans / "text/empty.png").answer
    assert "leaves it alone: it is a symbolic link" in office.why(office.scans / "text/link.png").answer
    assert "leaves it alone: it is a folder" in office.why(office.scans / "text").answer


def test_nothing_is_told_to_be_nothing(office: Office) -> None:
    assert office.why(office.scans / KEY).answer == "Nothing lies there, and nothing of this name was ever noted."


def test_what_was_not_noted_yet_says_what_keeps_it(office: Office) -> None:
    path = put(office.scans, KEY)
    troubled = {"inboxes": {"scans": {"problem": "cannot read /srv/scans: access denied"}}}
    assert office.why(path, runs=False).answer == "It was not noted yet: no daemon runs."
    assert "in trouble: cannot read /srv/scans" in office.why(path, health=troubled).answer
    assert "a scan finds it within 1 min" in office.why(path).answer
    assert office.why(path).remedy == "wait, or `ocr-inbox rescan`"
    office.ledger.drain(DrainScope.HAND)
    assert "the daemon drains and takes nothing in" in office.why(path).answer


def test_what_changed_just_now_may_still_grow(office: Office) -> None:
    (scans, shelf) = office.settings.inboxes
    patient = scans.model_copy(update={"settle_seconds": 3600.0})
    office.settings = office.settings.model_copy(update={"inboxes": (patient, shelf)})
    told = office.why(put(office.scans, KEY))
    assert "may still grow; it is taken once it was left alone for 1 h" in told.answer


def test_a_new_version_that_was_not_noted_yet_tells_of_the_earlier_one(office: Office) -> None:
    office.read()
    put(office.scans, KEY, b"other pixels")
    dossier = office.dossier(KEY)
    assert dossier.current is None
    assert explained(dossier).answer.endswith("An earlier version was; see below.")
    assert "job 1, another version: done" in "\n".join(lines_of(dossier, explained(dossier)))


def test_what_waits_says_for_what(office: Office) -> None:
    office.noted()
    job = office.noted("text/behind.png")
    assert office.why(str(job.id)).answer == "It waits for its turn: 1 job goes before it."
    assert office.why(str(job.id), runs=False).answer == "It waits for the daemon, which does not run."
    office.ledger.note_obstacle(TEXT, "models_missing", "PP-OCRv6 is not there")
    assert "its pipeline: models_missing" in office.why(str(job.id)).answer
    office.ledger.pause("scans", "cleaning")
    told = office.why(str(job.id), runs=False)
    assert "the end of the pause of inbox scans" in told.answer
    assert told.remedy == "`ocr-inbox resume scans`"
    assert json.loads(json.dumps(json_of(office.dossier(str(job.id)), told)))["paused"]["reason"] == "cleaning"


def test_what_is_read_now_says_how_far(office: Office) -> None:
    job = office.claimed()
    office.ledger.note_window(job, 0, "c0ffee", b"{}", done=4, total=120)
    assert "4 of 120 pages done" in office.why(KEY).answer
    assert office.why(KEY, runs=False).answer.startswith("It was being read when the daemon ended")


def test_an_upload_and_what_an_inbox_left_that_is_gone_are_told_of_too(office: Office) -> None:
    for inbox in ("uploads", "former"):
        document = Document(inbox=inbox, key=f"of-{inbox}", version="1-1-1")
        office.ledger.enqueue([(Arrival(document=document, size=1), route(KEY, rules_of(office.settings.inboxes[0])))])
    assert office.dossier("of-uploads").uri == "upload:of-uploads"
    dossier = office.dossier("of-former")
    assert dossier.place is None
    assert "former, which the configuration has no more" in "\n".join(lines_of(dossier, explained(dossier)))


def test_the_json_tells_everything_that_the_page_does(office: Office) -> None:
    job = office.read()
    told = json_of(office.dossier(KEY), office.why(KEY))
    content = json.loads(json.dumps(told))
    assert (content["inbox"], content["key"], content["current"]) == ("scans", KEY, job.id)
    assert content["sidecar"]["agrees"] == {"version": True, "content": True, "configuration": True}
    assert [line["state"] for line in content["jobs"][0]["history"]] == ["waiting", "running", "done"]
    assert content["jobs"][0]["history"][1]["seconds"] >= 0
    assert content["jobs"][0]["history"][2]["seconds"] is None
