"""What every inbox promises, whatever it is made of; each kind of inbox inherits these tests and brings its place."""

import threading
from pathlib import Path
from typing import Literal, Protocol
from urllib.parse import unquote

import pytest

from builders import a_figure
from listening import arrival_of, listening
from ocr_inbox.errors import SourceChangedError, SourceGoneError
from ocr_inbox.model import Document, Output
from ocr_inbox.ports import Inbox
from ocr_inbox.reading import Deliverable, Figure

JSON = Deliverable(output=Output.JSON, content=b'{"status": "ok"}\n')
MARKDOWN = Deliverable(output=Output.MARKDOWN, content=b"Invoice 2041\n")
KEY = "text/scan 1.png"
PHOTO, CHART = a_figure(b"\xff\xd8photo"), a_figure(b"\xff\xd8chart")


def illustrated(inbox: Inbox, document: Document, *figures: Figure) -> Deliverable:
    """Markdown that refers to these figures where they will be."""
    link = inbox.figures_link(document)
    text = "".join(f"![]({link}/{figure.name})" for figure in figures)
    return Deliverable(output=Output.MARKDOWN, content=text.encode(), figures=figures)


class Place(Protocol):
    """Where an inbox keeps its documents, seen by the person who drops them there."""

    def inbox(
        self,
        *,
        after: Literal["leave", "archive", "delete"] = "leave",
        after_failure: Literal["leave", "move"] = "leave",
    ) -> Inbox: ...

    def put(self, key: str, content: bytes) -> None: ...

    def remove(self, key: str) -> None: ...

    def content(self, key: str) -> bytes | None: ...

    def archived(self) -> dict[str, bytes]: ...

    def failed(self) -> dict[str, bytes]: ...


class InboxPromises:
    """Inherit it as `Test…` and define the fixture `place`."""

    @pytest.fixture
    def place(self, tmp_path: Path) -> Place:
        raise NotImplementedError

    def test_what_was_put_there_arrives_with_its_key_and_size(self, place: Place) -> None:
        place.put(KEY, b"pixels")
        arrival = arrival_of(place.inbox(), KEY)
        assert (arrival.document.key, arrival.size) == (KEY, 6)
        assert arrival.document.inbox == place.inbox().name

    def test_what_arrived_before_arrives_again_as_the_same_document(self, place: Place) -> None:
        place.put(KEY, b"pixels")
        assert arrival_of(place.inbox(), KEY).document == arrival_of(place.inbox(), KEY).document

    def test_what_is_rewritten_is_another_document(self, place: Place) -> None:
        inbox = place.inbox()
        place.put(KEY, b"pixels")
        with listening(inbox) as listener:
            first = listener.expect(KEY)
            place.put(KEY, b"other pixels")
            assert listener.expect_another(first.document).size == 12

    def test_an_empty_file_does_not_arrive(self, place: Place) -> None:
        place.put("text/empty.png", b"")
        place.put(KEY, b"pixels")
        with listening(place.inbox()) as listener:
            listener.expect(KEY)
            assert listener.seen() == {KEY}

    def test_where_nothing_arrives_nothing_is_handed_out_again_and_again(self, place: Place) -> None:
        """So that silence means that the inbox hangs."""
        batches = place.inbox().arrivals(threading.Event())
        assert [len(next(batches)) for _ in range(3)] == [0, 0, 0]

    def test_what_is_there_can_be_located(self, place: Place) -> None:
        inbox = place.inbox()
        place.put(KEY, b"pixels")
        assert inbox.locate(arrival_of(inbox, KEY).document).size == 6

    def test_what_is_gone_cannot_be_located(self, place: Place) -> None:
        inbox = place.inbox()
        place.put(KEY, b"pixels")
        document = arrival_of(inbox, KEY).document
        place.remove(KEY)
        with pytest.raises(SourceGoneError) as failure:
            inbox.locate(document)
        assert failure.value.code == "vanished"

    def test_a_version_that_was_replaced_cannot_be_located(self, place: Place) -> None:
        inbox = place.inbox()
        place.put(KEY, b"pixels")
        document = arrival_of(inbox, KEY).document
        place.put(KEY, b"other pixels")
        with pytest.raises(SourceChangedError):
            inbox.locate(document)

    def test_delivering_twice_is_delivering_once(self, place: Place) -> None:
        inbox = place.inbox()
        place.put(KEY, b"pixels")
        document = arrival_of(inbox, KEY).document
        assert inbox.delivered(document, Output.JSON) is None
        for _ in range(2):
            assert inbox.deliver(document, [MARKDOWN, JSON]) == inbox.sidecar_uri(document)
            assert inbox.delivered(document, Output.JSON) == JSON.content
            assert inbox.delivered(document, Output.MARKDOWN) == MARKDOWN.content
        assert place.content(KEY + ".ocr.json") == JSON.content
        assert inbox.sidecar_uri(document) == inbox.uri(document) + ".ocr.json"

    def test_what_was_delivered_does_not_arrive_and_leaves_the_source_as_it_was(self, place: Place) -> None:
        inbox = place.inbox()
        place.put(KEY, b"pixels")
        document = arrival_of(inbox, KEY).document
        inbox.deliver(document, [MARKDOWN, JSON])
        place.put("text/scan 2.png", b"pixels")
        with listening(inbox) as listener:
            listener.expect("text/scan 2.png")
            assert listener.expect(KEY).document == document
            assert listener.seen() == {KEY, "text/scan 2.png"}

    def test_figures_are_where_the_markdown_says(self, place: Place) -> None:
        inbox = place.inbox()
        place.put(KEY, b"pixels")
        document = arrival_of(inbox, KEY).document
        for _ in range(2):
            inbox.deliver(document, [illustrated(inbox, document, PHOTO, CHART), JSON])
            for figure in (PHOTO, CHART):
                assert inbox.figure(document, figure.name) == figure.content
                assert place.content(f"text/{unquote(inbox.figures_link(document))}/{figure.name}") == figure.content
        assert inbox.figures_link(document) == "scan%201.png.ocr.figures"
        assert inbox.figure(document, "../../scan 1.png") is None

    @pytest.mark.parametrize("left", [(CHART,), ()])
    def test_figures_that_new_markdown_does_not_show_are_gone(self, place: Place, left: tuple[Figure, ...]) -> None:
        inbox = place.inbox()
        place.put(KEY, b"pixels")
        document = arrival_of(inbox, KEY).document
        inbox.deliver(document, [illustrated(inbox, document, PHOTO, CHART), JSON])
        inbox.deliver(document, [illustrated(inbox, document, *left), JSON])
        assert inbox.figure(document, PHOTO.name) is None
        assert inbox.figure(document, CHART.name) == (CHART.content if left else None)

    def test_figures_stay_where_the_markdown_that_shows_them_stays(self, place: Place) -> None:
        inbox = place.inbox(after="archive", after_failure="move")
        place.put(KEY, b"pixels")
        document = arrival_of(inbox, KEY).document
        inbox.deliver(document, [illustrated(inbox, document, PHOTO), JSON])
        inbox.deliver(document, [JSON])
        inbox.archive(document)
        assert inbox.figure(document, PHOTO.name) == PHOTO.content
        assert place.archived() == {KEY: b"pixels"}

    def test_no_figure_ever_arrives(self, place: Place) -> None:
        inbox = place.inbox()
        place.put(KEY, b"pixels")
        document = arrival_of(inbox, KEY).document
        inbox.deliver(document, [illustrated(inbox, document, PHOTO, CHART), JSON])
        with listening(inbox) as listener:
            listener.expect(KEY)
            inbox.deliver(document, [illustrated(inbox, document, a_figure(b"\xff\xd8another")), JSON])
            place.put("text/other.PNG.OCR.Figures/photo.jpg", b"pixels")
            place.put("text/scan 2.png", b"pixels")
            listener.expect("text/scan 2.png")
            assert listener.seen() == {KEY, "text/scan 2.png"}

    @pytest.mark.parametrize("replaced", [True, False])
    def test_nothing_is_delivered_for_a_version_that_is_not_there_any_more(
        self, place: Place, *, replaced: bool
    ) -> None:
        inbox = place.inbox()
        place.put(KEY, b"pixels")
        document = arrival_of(inbox, KEY).document
        place.put(KEY, b"other pixels") if replaced else place.remove(KEY)
        with pytest.raises(SourceGoneError) as failure:
            inbox.deliver(document, [JSON])
        assert failure.value.code == ("superseded" if replaced else "vanished")
        assert place.content(KEY + ".ocr.json") is None

    def test_a_document_may_be_left_where_it_is(self, place: Place) -> None:
        inbox = place.inbox()
        place.put(KEY, b"pixels")
        document = arrival_of(inbox, KEY).document
        inbox.archive(document)
        inbox.reject(document)
        assert place.content(KEY) == b"pixels"

    def test_archiving_twice_is_archiving_once(self, place: Place) -> None:
        inbox = place.inbox(after="archive")
        place.put(KEY, b"pixels")
        document = arrival_of(inbox, KEY).document
        inbox.deliver(document, [JSON])
        for _ in range(2):
            inbox.archive(document)
            assert place.content(KEY) is None
            assert place.archived() == {KEY: b"pixels"}
            assert place.content(KEY + ".ocr.json") == JSON.content

    def test_two_documents_of_one_name_are_both_kept_in_the_archive(self, place: Place) -> None:
        inbox = place.inbox(after="archive")
        for content in (b"pixels", b"other pixels"):
            place.put(KEY, content)
            inbox.archive(arrival_of(inbox, KEY).document)
        assert sorted(place.archived().values()) == [b"other pixels", b"pixels"]

    def test_deleting_twice_is_deleting_once(self, place: Place) -> None:
        inbox = place.inbox(after="delete")
        place.put(KEY, b"pixels")
        document = arrival_of(inbox, KEY).document
        for _ in range(2):
            inbox.archive(document)
            assert place.content(KEY) is None

    @pytest.mark.parametrize("after", ["archive", "delete"])
    def test_a_version_that_was_not_read_is_never_taken_away(
        self, place: Place, after: Literal["archive", "delete"]
    ) -> None:
        inbox = place.inbox(after=after, after_failure="move")
        place.put(KEY, b"pixels")
        document = arrival_of(inbox, KEY).document
        place.put(KEY, b"other pixels")
        inbox.archive(document)
        inbox.reject(document)
        assert place.content(KEY) == b"other pixels"
        assert (place.archived(), place.failed()) == ({}, {})

    def test_a_rejected_document_takes_its_sidecar_along_once(self, place: Place) -> None:
        inbox = place.inbox(after_failure="move")
        place.put(KEY, b"pixels")
        document = arrival_of(inbox, KEY).document
        inbox.deliver(document, [JSON])
        for _ in range(2):
            inbox.reject(document)
            assert (place.content(KEY), place.content(KEY + ".ocr.json")) == (None, None)
            assert place.failed() == {KEY: b"pixels", KEY + ".ocr.json": JSON.content}

    def test_what_was_taken_away_does_not_arrive(self, place: Place) -> None:
        inbox = place.inbox(after="archive", after_failure="move")
        for key, take_away in ((KEY, inbox.archive), ("text/bad.png", inbox.reject)):
            place.put(key, b"pixels")
            take_away(arrival_of(inbox, key).document)
        place.put("text/scan 2.png", b"pixels")
        with listening(inbox) as listener:
            listener.expect("text/scan 2.png")
            assert listener.seen() == {"text/scan 2.png"}
