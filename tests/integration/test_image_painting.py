"""A page's text is taken by itself only where a person would read the same."""

import pytest

from builders import a_region
from ocr_inbox.images.searchable import searchable_pdf
from ocr_inbox.reading import Limits, Page
from pages import LINES, encoded, render_page, text_pdf
from written_pages import GERMAN, RESOURCES, SHOWN, a_pdf, a_written_pdf, embedded, texts


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(tuple("".join(chr(0xF000 + ord(letter)) for letter in line) for line in LINES), id="private use"),
        pytest.param(tuple(line.translate({ord("e"): "\ufffd", ord("a"): "\x01"}) for line in LINES), id="no letters"),
        pytest.param(tuple("".join(chr(ord(letter) + 4) for letter in line) for line in LINES * 2), id="shifted"),
    ],
)
def test_a_broken_map_of_characters_is_not_trusted(lines: tuple[str, ...]) -> None:
    data = a_written_pdf(lines)
    assert embedded(data, "auto") is None
    assert len(texts(data)) == len(lines)


def test_the_invisible_text_of_another_ocr_is_not_trusted_but_can_be_asked_for() -> None:
    assert embedded(a_written_pdf(GERMAN, mode=3), "auto") is None
    assert texts(a_written_pdf(GERMAN, mode=3)) == list(GERMAN)


def test_our_own_searchable_pdf_is_read_again_unless_its_text_is_asked_for() -> None:
    page = Page(
        index=0, width=1654, height=2339, regions=tuple(a_region(line, top=60.0 * n) for n, line in enumerate(GERMAN))
    )
    for original in (encoded(render_page(LINES)), text_pdf([["a"]])):
        searchable = searchable_pdf(original, Limits(), [page])
        assert embedded(searchable, "auto") is None
        assert texts(searchable)[-len(GERMAN) :] == list(GERMAN)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(f"1 g {SHOWN}", id="white on white"),
        pytest.param(f"1 g 0 0 595 842 re f {SHOWN}", id="white on painted white"),
        pytest.param(f"{SHOWN} 0 g 100 770 60 20 re f", id="a word blacked out"),
        pytest.param(f"{SHOWN} q 500 0 0 100 50 720 cm /I Do Q", id="under a picture"),
        pytest.param(f"/T gs {SHOWN}", id="transparent"),
        pytest.param(f"{SHOWN} q 0 0 50 50 re W n BT /F 9 Tf 300 300 Td (cut) Tj ET Q", id="cut off"),
        pytest.param(f"{SHOWN} /OC /L BDC BT /F 9 Tf 300 300 Td (layer) Tj ET EMC", id="on a layer"),
        pytest.param(f"{SHOWN} q 595 0 0 500 0 0 cm /I Do Q", id="mostly a picture"),
        pytest.param(f"{SHOWN} q 595 0 0 250 0 0 cm /I Do Q q 595 0 0 250 0 250 cm /I Do Q", id="mostly strips"),
        pytest.param(SHOWN + " 9 9 m 9 8 l 7 8 l 7 6 l 5 6 l 5 4 l f" * 300, id="letters as shapes"),
        pytest.param("q 1 0 0 1 0 0 cm /X Do Q 0 g 50 750 500 60 re f", id="a form covered"),
        pytest.param("q 0 0 50 50 re W n /X Do Q", id="a form cut off"),
        pytest.param("/OC /L BDC /X Do EMC", id="a form on a layer"),
        pytest.param("-9 -9 m 2000 0 l 0 2000 l h W n " * 50 + SHOWN, id="cut off often"),
    ],
)
def test_a_page_on_which_one_sees_something_else_is_not_trusted(content: str) -> None:
    data = a_pdf(content, resources=RESOURCES)
    assert embedded(data, "auto") is None
    assert "Rental agreement for the storage room" in texts(data)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(f"0 0 .5 rg 0 700 595 142 re f 1 g {SHOWN}", id="white on blue"),
        pytest.param(f"{SHOWN} 54 777 300 1 re f 0 0 595 842 re S", id="underlined and framed"),
        pytest.param(f"{SHOWN} q 595 0 0 300 0 0 cm /I Do Q", id="a photograph"),
        pytest.param("q 0.5 0 0 0.5 100 100 cm /X Do Q", id="in a form"),
        pytest.param(f"q 0 700 595 142 re W n {SHOWN} Q", id="in a frame"),
    ],
)
def test_a_page_on_which_one_sees_its_text_is_trusted(content: str) -> None:
    data = a_pdf(content, resources=RESOURCES)
    assert texts(data, "auto") == ["Rental agreement for the storage room", "in the basement of the house"]


@pytest.mark.parametrize(
    ("subtype", "taken"), [("Link", True), ("Stamp", False), ("FreeText", False), ("Widget", False)]
)
def test_a_page_with_stamps_or_fields_is_not_trusted(subtype: str, taken: bool) -> None:  # noqa: FBT001 - a parameter
    annotation = f"<</Type/Annot/Subtype/{subtype}/Rect[100 100 200 120]/F 4>>"
    assert (embedded(a_pdf(SHOWN, page=f"/Annots[{annotation}]"), "auto") is not None) is taken
