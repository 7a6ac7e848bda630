"""What can be left beside the JSON for people, spreadsheets, libraries and archives: one module a format."""

from collections.abc import Callable, Collection, Mapping

from ocr_inbox.model import Output
from ocr_inbox.outputs import alto, csv, hocr, xlsx
from ocr_inbox.reading import Reading

RENDERERS: Mapping[Output, Callable[[Reading], bytes]] = {
    Output.CSV: csv.render,
    Output.XLSX: xlsx.render,
    Output.HOCR: hocr.render,
    Output.ALTO: alto.render,
}
"""From a reading to the bytes of a file; the same reading makes the same bytes."""

_OF_TABLES = (Output.CSV, Output.XLSX)


def shortcomings(reading: Reading, wanted: Collection[Output]) -> tuple[str, ...]:
    """What a person should know about the files that are left, a sentence each.

    A document without a table gets an empty file, not none: of an older version there might be one with tables.
    """
    found = []
    if not any(page.tables for page in reading.pages):
        found += [f"the {output.value} is empty: no table was found" for output in _OF_TABLES if output in wanted]
    if Output.PDF in wanted and not any(page.regions for page in reading.pages):
        found.append("the pdf has no text: no line was found whose place is known")
    return tuple(found)
