"""The lines of a document and their places as hOCR, the HTML that OCR tools exchange."""

from xml.etree import ElementTree as ET

from ocr_inbox.outputs.writing import Frame, Line, Passage, passages_of
from ocr_inbox.reading import Page, Reading

_DOCTYPE = b'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE html>\n'
_CLASSES = "ocr_page ocr_carea ocr_par ocr_line ocrx_word"


def render(reading: Reading) -> bytes:
    """An ocr_page for each page that could be read; a line is one ocrx_word, because words are not found singly."""
    root = ET.Element("html", {"xmlns": "http://www.w3.org/1999/xhtml"})
    head = ET.SubElement(root, "head")
    ET.SubElement(head, "title")
    ET.SubElement(head, "meta", {"http-equiv": "Content-Type", "content": "text/html; charset=utf-8"})
    ET.SubElement(head, "meta", {"name": "ocr-system", "content": f"PaddleOCR {reading.engine.paddleocr}"})
    ET.SubElement(head, "meta", {"name": "ocr-capabilities", "content": _CLASSES})
    ET.SubElement(head, "meta", {"name": "ocr-number-of-pages", "content": str(reading.page_total)})
    body = ET.SubElement(root, "body")
    for page in reading.pages:
        _add_page(body, page)
    # As HTML, <div /> would only open it.
    content: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=False, short_empty_elements=False)
    return _DOCTYPE + content + b"\n"


def _add_page(body: ET.Element, page: Page) -> None:
    whole = Frame(left=0, top=0, right=page.width, bottom=page.height)
    title = f"{_bbox(whole)}; ppageno {page.index}"
    element = ET.SubElement(body, "div", {"class": "ocr_page", "id": f"page_{page.index + 1}", "title": title})
    for number, passage in enumerate(passages_of(page), start=1):
        _add_passage(element, passage, f"{page.index + 1}_{number}")


def _add_passage(page: ET.Element, passage: Passage, number: str) -> None:
    title = _bbox(passage.frame)
    area = ET.SubElement(page, "div", {"class": "ocr_carea", "id": f"block_{number}", "title": title})
    paragraph = ET.SubElement(area, "p", {"class": "ocr_par", "id": f"par_{number}", "title": title})
    for place, line in enumerate(passage.lines, start=1):
        _add_line(paragraph, line, f"{number}_{place}")


def _add_line(paragraph: ET.Element, line: Line, number: str) -> None:
    title = _bbox(line.frame)
    element = ET.SubElement(paragraph, "span", {"class": "ocr_line", "id": f"line_{number}", "title": title})
    confidence = "" if line.score is None else f"; x_wconf {round(line.score * 100)}"
    word = {"class": "ocrx_word", "id": f"word_{number}", "title": title + confidence}
    ET.SubElement(element, "span", word).text = line.text


def _bbox(frame: Frame) -> str:
    return f"bbox {frame.left} {frame.top} {frame.right} {frame.bottom}"
