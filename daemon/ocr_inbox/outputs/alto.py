"""The lines of a document and their places as ALTO 4, the XML of libraries and archives."""

from xml.etree import ElementTree as ET

from ocr_inbox.outputs.writing import Frame, Line, Passage, passages_of
from ocr_inbox.reading import Engine, Page, Reading

_ROOT = {
    "xmlns": "http://www.loc.gov/standards/alto/ns-v4#",
    "xmlns:xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "xsi:schemaLocation": "http://www.loc.gov/standards/alto/ns-v4# http://www.loc.gov/standards/alto/v4/alto-4-4.xsd",
}


def render(reading: Reading) -> bytes:
    """A Page for each page that could be read; a line is one String, because words are not found singly."""
    root = ET.Element("alto", _ROOT)
    _describe(ET.SubElement(root, "Description"), reading.engine)
    layout = ET.SubElement(root, "Layout")
    for page in reading.pages:
        _add_page(layout, page)
    content: bytes = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return content + b"\n"


def _describe(description: ET.Element, engine: Engine) -> None:
    ET.SubElement(description, "MeasurementUnit").text = "pixel"
    processing = ET.SubElement(description, "Processing", {"ID": "reading"})
    ET.SubElement(processing, "processingStepDescription").text = f"{engine.family}: {', '.join(engine.models)}"
    software = ET.SubElement(processing, "processingSoftware")
    ET.SubElement(software, "softwareName").text = "PaddleOCR"
    ET.SubElement(software, "softwareVersion").text = engine.paddleocr


def _add_page(layout: ET.Element, page: Page) -> None:
    number = str(page.index + 1)
    size = {"WIDTH": str(page.width), "HEIGHT": str(page.height)}
    element = ET.SubElement(layout, "Page", {"ID": f"page_{number}", "PHYSICAL_IMG_NR": number, **size})
    space = ET.SubElement(element, "PrintSpace", {"HPOS": "0", "VPOS": "0", **size})
    for place, passage in enumerate(passages_of(page), start=1):
        _add_passage(space, passage, f"{number}_{place}")


def _add_passage(space: ET.Element, passage: Passage, number: str) -> None:
    block = ET.SubElement(space, "TextBlock", {"ID": f"block_{number}", **_position(passage.frame)})
    for place, line in enumerate(passage.lines, start=1):
        _add_line(block, line, f"{number}_{place}")


def _add_line(block: ET.Element, line: Line, number: str) -> None:
    position = _position(line.frame)
    element = ET.SubElement(block, "TextLine", {"ID": f"line_{number}", **position})
    if line.corners:
        points = " ".join(f"{round(x, 1):g},{round(y, 1):g}" for x, y in line.corners)
        ET.SubElement(ET.SubElement(element, "Shape"), "Polygon", {"POINTS": points})
    confidence = {} if line.score is None else {"WC": f"{line.score:.4f}"}
    ET.SubElement(element, "String", {"ID": f"string_{number}", "CONTENT": line.text, **position, **confidence})


def _position(frame: Frame) -> dict[str, str]:
    return {
        "HPOS": str(frame.left),
        "VPOS": str(frame.top),
        "WIDTH": str(frame.right - frame.left),
        "HEIGHT": str(frame.bottom - frame.top),
    }
