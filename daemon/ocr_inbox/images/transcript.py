"""The characters of a PDF page, one after the other, as the lines that they stand in."""

import math
from dataclasses import dataclass, field
from unicodedata import bidirectional, category

import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c

from ocr_inbox.images.painting import handle_of
from ocr_inbox.reading import Box, Point

_WIDEST_GAP = 1.5
"""Of the height of the letters: what is further apart stands in different columns."""
_LARGEST_STEP = 0.5
"""Of the same, up or down: exponents and indices stay in their line."""
_SAME_DIRECTION = 0.999
_BREAKS = "\r\n"
_HYPHEN = "\x02"
"""What PDFium makes of a hyphen at the end of a line; it leaves out the line's end then."""
_FROM_RIGHT = ("R", "AL")


@dataclass(slots=True)
class Line:
    """Remembers one line as it grows; `box` is its left, bottom, right and top for one who reads in its direction."""

    direction: Point
    box: Box
    letters: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        """What was added, whether it can be printed or not."""
        return "".join(self.letters).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")

    @property
    def corners(self) -> tuple[Point, Point, Point, Point]:
        """Clockwise from the top left as one reads it, in the page's own units."""
        (right, up), (begin, bottom, end, top) = self.direction, self.box
        first, second, third, fourth = (
            (along * right - above * up, along * up + above * right)
            for along, above in ((begin, top), (end, top), (end, bottom), (begin, bottom))
        )
        return first, second, third, fourth

    def has_next(self, letter: str, box: Box, direction: Point) -> bool:
        """Whether it goes on with a letter in this box, seen in the letter's own direction."""
        alike = self.direction[0] * direction[0] + self.direction[1] * direction[1]
        gap, height = box[0] - self.box[2], box[3] - box[1]
        step = max(box[1] - self.box[3], self.box[1] - box[3])
        if alike < _SAME_DIRECTION or step > _LARGEST_STEP * height:
            return False
        return gap <= _WIDEST_GAP * height or bidirectional(letter) in _FROM_RIGHT

    def add(self, letter: str, box: Box) -> None:
        """Make the line longer."""
        begin, bottom, end, top = self.box
        self.box = min(begin, box[0]), min(bottom, box[1]), max(end, box[2]), max(top, box[3])
        self.letters.append(letter)


@dataclass(slots=True)
class Transcript:
    """Remembers the lines so far; what lies beyond the `edges` is left out and counted.

    `hidden` counts what belongs to none of the text objects `seen`, and `unmapped` what the font has no name for.
    """

    edges: Box
    seen: frozenset[int] | None
    lines: list[Line] = field(default_factory=list)
    unmapped: int = 0
    hidden: int = 0
    outside: int = 0
    _line: Line | None = None
    _handle: int | None = None
    _direction: Point = (1.0, 0.0)

    def take(self, letters: pdfium.PdfTextPage, number: int) -> None:
        """Add the character with this number; they come in order. Raises PdfiumError and ValueError."""
        letter = chr(pdfium_c.FPDFText_GetUnicode(letters, number))
        if letter in _BREAKS:
            self._line = None
        elif category(letter) != "Zs":
            self._take_visible(letter, letters, number)
        elif self._line:
            self._line.letters.append(" ")

    def _take_visible(self, letter: str, letters: pdfium.PdfTextPage, number: int) -> None:
        box = letters.get_charbox(number, loose=True)
        (x, y), (left, bottom, right, top) = _middle(box), self.edges
        if not (left <= x <= right and bottom <= y <= top):
            self.outside += 1
            return
        self._look_at_object(letters, number)
        self.hidden += self.seen is not None and self._handle not in self.seen
        self.unmapped += pdfium_c.FPDFText_HasUnicodeMapError(letters, number) == 1
        if letter != _HYPHEN or pdfium_c.FPDFText_IsHyphen(letters, number) != 1:
            self._add(letter, box)
        else:
            self._add("-", box)
            self._line = None

    def _add(self, letter: str, box: Box) -> None:
        box = _seen_along(self._direction, box)
        if self._line is None or not self._line.has_next(letter, box, self._direction):
            self._line = Line(self._direction, box)
            self.lines.append(self._line)
        self._line.add(letter, box)

    def _look_at_object(self, letters: pdfium.PdfTextPage, number: int) -> None:
        """All characters of a text object have one direction."""
        handle = handle_of(pdfium_c.FPDFText_GetTextObject(letters, number))
        if handle == self._handle:
            return
        matrix = pdfium_c.FS_MATRIX()
        pdfium_c.FPDFText_GetMatrix(letters, number, matrix)
        length = math.hypot(matrix.a, matrix.b)
        is_sensible = 0 < length < math.inf
        self._handle = handle
        self._direction = (matrix.a / length, matrix.b / length) if is_sensible else (1.0, 0.0)


def _seen_along(direction: Point, box: Box) -> Box:
    (right, up), (x, y) = direction, _middle(box)
    half_width, half_height = (box[2] - box[0]) / 2, (box[3] - box[1]) / 2
    along, length = x * right + y * up, half_width * abs(right) + half_height * abs(up)
    above, height = y * right - x * up, half_height * abs(right) + half_width * abs(up)
    return along - length, above - height, along + length, above + height


def _middle(box: Box) -> Point:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
