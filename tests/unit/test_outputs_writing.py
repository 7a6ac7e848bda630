"""hOCR and ALTO say the same: what stands where, in XML that every parser takes."""

import math
import re
from collections.abc import Callable
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from builders import a_page, a_reading, a_region
from ocr_inbox.outputs import alto, hocr
from ocr_inbox.reading import Block, Page, Reading

XHTML = "{http://www.w3.org/1999/xhtml}"
ALTO = "{http://www.loc.gov/standards/alto/ns-v4#}"
RENDERERS = pytest.mark.parametrize("render", [hocr.render, alto.render])


def _parsed(content: bytes) -> ET.Element:
    return ET.fromstring(content)  # noqa: S314 - our own, without entities


def _of_class(root: ET.Element, name: str) -> list[ET.Element]:
    return [element for element in root.iter() if element.get("class") == name]


def _texts(content: bytes) -> list[str]:
    root = _parsed(content)
    words = ["".join(word.itertext()) for word in _of_class(root, "ocrx_word")]
    return words + [string.attrib["CONTENT"] for string in root.iter(f"{ALTO}String")]


def _a_block(content: str) -> Block:
    return Block(
        label="text", order_label=None, bbox=(5.0, 6.0, 55.5, 66.0), content=content, lines=1, index=0, order=0
    )


def test_hocr_nests_pages_areas_paragraphs_lines_and_words() -> None:
    root = _parsed(hocr.render(a_reading(pages=(a_page("Invoice 2041", "Total"), a_page("two", index=1)))))
    path = "/".join(f"{XHTML}{tag}" for tag in ("body", "div", "div", "p", "span", "span"))
    assert [word.text for word in root.findall(path)] == ["Invoice 2041", "Total", "two"]
    assert [page.get("title") for page in _of_class(root, "ocr_page")] == [
        "bbox 0 0 600 800; ppageno 0",
        "bbox 0 0 600 800; ppageno 1",
    ]
    line, word = _of_class(root, "ocr_line")[0], _of_class(root, "ocrx_word")[0]
    assert line.get("title") == "bbox 10 10 118 30"
    assert word.get("title") == "bbox 10 10 118 30; x_wconf 98"
    assert _of_class(root, "ocr_carea")[0].get("title") == "bbox 10 10 118 60"
    assert {meta.get("name") for meta in root.iter(f"{XHTML}meta")} >= {"ocr-system", "ocr-capabilities"}


def test_hocr_numbers_everything_once() -> None:
    pages = (a_page("a", "b"), Page(index=1, width=9, height=9, blocks=(_a_block("c"), _a_block("d"))))
    names = re.findall(rb'id="([^"]+)"', hocr.render(a_reading(pages=pages)))
    assert len(names) == len(set(names)) == 16


def test_a_browser_does_not_take_an_empty_page_for_an_open_one() -> None:
    assert b"></div></body>" in hocr.render(a_reading(pages=(Page(index=0, width=9, height=9),)))


def test_alto_has_pages_with_blocks_lines_and_strings() -> None:
    root = _parsed(alto.render(a_reading(pages=(a_page("Invoice 2041", "Total"),))))
    assert root.findtext(f"{ALTO}Description/{ALTO}MeasurementUnit") == "pixel"
    (page,) = root.findall(f"{ALTO}Layout/{ALTO}Page")
    assert (page.get("PHYSICAL_IMG_NR"), page.get("WIDTH"), page.get("HEIGHT")) == ("1", "600", "800")
    lines = page.findall(f"{ALTO}PrintSpace/{ALTO}TextBlock/{ALTO}TextLine")
    place = {"HPOS": "10", "VPOS": "40", "WIDTH": "45", "HEIGHT": "20"}
    assert lines[1].attrib == {"ID": "line_1_1_2", **place}
    string = lines[1].find(f"{ALTO}String")
    assert string is not None
    assert string.attrib == {"ID": "string_1_1_2", "CONTENT": "Total", "WC": "0.9800", **place}
    polygon = lines[1].find(f"{ALTO}Shape/{ALTO}Polygon")
    assert polygon is not None
    assert polygon.get("POINTS") == "10,40 55,40 55,60 10,60"


@RENDERERS
def test_markup_in_the_text_stays_text(render: Callable[[Reading], bytes]) -> None:
    assert _texts(render(a_reading("<b> & \"x\" 'y'"))) == ["<b> & \"x\" 'y'"]


@RENDERERS
@given(text=st.text())
def test_any_text_makes_xml_that_can_be_parsed(render: Callable[[Reading], bytes], text: str) -> None:
    assert len(_texts(render(a_reading(text)))) == 1


@RENDERERS
def test_what_xml_cannot_hold_is_left_out(render: Callable[[Reading], bytes]) -> None:
    assert _texts(render(a_reading("a\x00\x0b\ud800\ufffe b\n日本"))) == ["a b 日本"]


@RENDERERS
def test_a_page_without_text_is_there(render: Callable[[Reading], bytes]) -> None:
    content = render(a_reading(pages=(Page(index=0, width=9, height=9),)))
    assert _texts(content) == []
    assert b"page_1" in content


@RENDERERS
def test_a_page_read_in_blocks_has_a_line_for_each(render: Callable[[Reading], bytes]) -> None:
    table = "<table><tr><td>Rope</td><td>84.00</td></tr></table>"
    blocks = (_a_block("two\nlines"), _a_block(table), _a_block(""))
    assert _texts(render(a_reading(pages=(Page(index=0, width=50, height=90, blocks=blocks),)))) == [
        "two lines",
        "Rope 84.00",
    ]


@RENDERERS
def test_numbers_that_are_none_and_places_off_the_page_are_not_passed_on(render: Callable[[Reading], bytes]) -> None:
    wild = replace(a_region("x"), score=math.nan, polygon=((-5.2, math.nan), (700, 3.5), (math.inf, 20.5), (0, 900)))
    content = render(a_reading(pages=(Page(index=0, width=600, height=800, regions=(wild,)),))).decode()
    assert not re.search(r"nan|inf|wconf|WC=|700|900|-5", content.lower().replace("invoice", ""))
    assert _texts(content.encode()) == ["x"]
