"""What stands on a page as passages of lines, in whole pixels and in characters that every format can hold."""

import math
import re
from dataclasses import dataclass
from html.parser import HTMLParser

from ocr_inbox.reading import Block, Box, Page, Point, Region

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """An upright rectangle within its page, in pixels."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """Text that stands together; `score` is from 0 to 1, and it and `corners` are not known of what is no region."""

    text: str
    frame: Frame
    score: float | None = None
    corners: tuple[Point, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """Lines in reading order, and the rectangle around them."""

    frame: Frame
    lines: tuple[Line, ...]


def passages_of(page: Page) -> tuple[Passage, ...]:
    """All lines as one passage; of a page that was read in blocks each block, its text as one line.

    Where the lines of a block stand nobody knows, and places are not made up.
    """
    if page.regions:
        return (_around(tuple(_line_of(page, region) for region in page.regions)),)
    lines = [Line(text=_block_text(block), frame=_frame(page, block.bbox)) for block in page.blocks]
    return tuple(_around((line,)) for line in lines if line.text)


def printable(text: str) -> str:
    """The same text without the characters that XML and spreadsheets cannot hold."""
    return _NOT_IN_XML.sub("", text)


def _line_of(page: Page, region: Region) -> Line:
    return Line(
        text=_one_line(region.text),
        frame=_frame(page, region.bbox),
        score=min(max(region.score, 0.0), 1.0) if math.isfinite(region.score) else None,
        corners=tuple((_within(x, page.width), _within(y, page.height)) for x, y in region.polygon),
    )


def _frame(page: Page, box: Box) -> Frame:
    left, top, right, bottom = box
    return Frame(
        left=math.floor(_within(left, page.width)),
        top=math.floor(_within(top, page.height)),
        right=math.ceil(_within(right, page.width)),
        bottom=math.ceil(_within(bottom, page.height)),
    )


def _within(value: float, most: int) -> float:
    return min(max(value, 0.0), float(most)) if math.isfinite(value) else 0.0


def _around(lines: tuple[Line, ...]) -> Passage:
    frames = [line.frame for line in lines]
    frame = Frame(
        left=min(frame.left for frame in frames),
        top=min(frame.top for frame in frames),
        right=max(frame.right for frame in frames),
        bottom=max(frame.bottom for frame in frames),
    )
    return Passage(frame=frame, lines=lines)


def _block_text(block: Block) -> str:
    if not block.content.lstrip().startswith("<"):
        return _one_line(block.content)
    text = _Text()
    text.feed(block.content)
    text.close()
    return _one_line(" ".join(text.pieces))


def _one_line(text: str) -> str:
    return " ".join(printable(text).split())


class _Text(HTMLParser):
    """Keeps what stands between the tags: tables and images are HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.pieces: list[str] = []

    def handle_data(self, data: str) -> None:
        self.pieces.append(data)
