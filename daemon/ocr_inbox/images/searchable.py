"""A document as a PDF in which its text can be found: the pages as they look, and invisible text on top."""

import io
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from unicodedata import bidirectional

import pikepdf
from pikepdf import Array, Dictionary, Name, Pdf, Stream
from PIL import Image

from ocr_inbox.errors import UnreadableDocumentError
from ocr_inbox.images import open_pages
from ocr_inbox.images.pages import PageImage, Pages
from ocr_inbox.media import HEAD_BYTES, media_type
from ocr_inbox.reading import Limits, Page, Point, Region

_POINTS_PER_INCH = 72
_LEAST_DPI, _MOST_DPI = 50, 1200
"""What scanners write; 1 is what a file says that knows nothing."""
_MOST_POINTS = 14_400
"""The side of the largest sheet that every viewer shows (ISO 32000-1, annex C)."""
_QUALITY = 85
_CODES = 255
"""Characters of one font; code 0 is left alone."""
_MOST_DEPTH = 50
_KINDS = {"L": "L", "EN": "N", "AN": "N", "R": "R", "AL": "R"}
"""Letters from left to right, numbers, and letters from right to left, by their bidirectional class."""
_FROM_LEFT, _FROM_RIGHT = re.compile("[LN](?:[^R]*[LN])?"), re.compile("R(?:[^LN]*R)?")
_BROKEN = (pikepdf.PdfError, ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)
"""What comes of objects that are not of the kind that the format demands."""


def searchable_pdf(data: bytes, limits: Limits, pages: Sequence[Page]) -> bytes:
    """A PDF keeps everything that it has; images, and a PDF that only PDFium can make sense of, are bound afresh.

    Raises what `open_pages` and `Pages.decode` raise.
    """
    with suppress(UnreadableDocumentError):
        if media_type(data[:HEAD_BYTES]) == "application/pdf":
            return with_text(data, pages)
    with open_pages(data, limits) as images:
        return from_images(images, pages, limits.pdf_dpi)


def with_text(original: bytes, pages: Sequence[Page]) -> bytes:
    """The same PDF with the lines of these pages as invisible text where they stand.

    Raises UnreadableDocumentError where nothing can be added to it.
    """
    with _opened(original) as pdf:
        fonts = _Fonts(pdf)
        for page in pages:
            if not page.embedded:  # it has its text already
                _add_text(pdf.pages[page.index], page, fonts)
        return _saved(pdf, fonts)


def from_images(images: Pages, pages: Sequence[Page], dpi: int) -> bytes:
    """A PDF of the upright images of these pages with their lines as invisible text.

    A sheet is as large as its scan says it was, or as the image is at `dpi`.
    """
    with pikepdf.new() as pdf:
        fonts = _Fonts(pdf)
        for page in pages:
            _add_image(pdf, images.decode(page.index), dpi)
            _add_text(pdf.pages[-1], page, fonts)
        return _saved(pdf, fonts)


@contextmanager
def _opened(original: bytes) -> Iterator[Pdf]:
    try:
        with pikepdf.open(io.BytesIO(original)) as pdf:
            yield pdf
    except _BROKEN as error:
        raise UnreadableDocumentError(f"cannot add text to this PDF: it is damaged: {error}") from error


def _saved(pdf: Pdf, fonts: "_Fonts") -> bytes:
    fonts.finish()
    file = io.BytesIO()
    pdf.save(file, deterministic_id=True)
    return file.getvalue()


def _add_image(pdf: Pdf, image: PageImage, dpi: int) -> None:
    jpeg = io.BytesIO()
    Image.fromarray(image.pixels[:, :, ::-1]).save(jpeg, "JPEG", quality=_QUALITY)
    picture = Stream(
        pdf,
        jpeg.getvalue(),
        Type=Name.XObject,
        Subtype=Name.Image,
        Width=image.width,
        Height=image.height,
        ColorSpace=Name.DeviceRGB,
        BitsPerComponent=8,
        Filter=Name.DCTDecode,
    )
    width, height = _sheet(image, dpi)
    page = pdf.add_blank_page(page_size=(width, height))
    page.Resources = Dictionary(XObject=Dictionary(Page=picture))
    page.Contents = Stream(pdf, f"q {width:.4f} 0 0 {height:.4f} 0 0 cm /Page Do Q".encode())


def _sheet(image: PageImage, dpi: int) -> Point:
    """Width and height in points."""
    pixels, said = (image.width, image.height), image.resolution
    if said is not None and all(_LEAST_DPI <= dots <= _MOST_DPI for dots in said):
        width, height = (_POINTS_PER_INCH * side / dots for side, dots in zip(pixels, said, strict=True))
        if max(width, height) <= _MOST_POINTS:
            return width, height
    return _POINTS_PER_INCH * image.width / dpi, _POINTS_PER_INCH * image.height / dpi


@dataclass
class _Fonts:
    """Remembers which code of which font every character of the document has; the glyphs are empty."""

    pdf: Pdf
    _codes: dict[str, tuple[int, int]] = field(default_factory=dict)
    _objects: list[Dictionary] = field(default_factory=list)

    def shown(self, text: str) -> Iterator[tuple[int, bytes]]:
        """The runs of one font each that the text falls into: the number of the font, and the codes."""
        run, number = bytearray(), -1
        for character in text:
            font, code = self._codes.setdefault(character, divmod(len(self._codes), _CODES))
            if font != number and run:
                yield number, bytes(run)
                run = bytearray()
            number = font
            run.append(code + 1)
        if run:
            yield number, bytes(run)

    def resource(self, number: int) -> Dictionary:
        """The font object, which `finish` completes."""
        while len(self._objects) <= number:
            self._objects.append(self.pdf.make_indirect(Dictionary(Type=Name.Font, Subtype=Name.Type3)))
        return self._objects[number]

    def finish(self) -> None:
        """Complete all fonts: only now is known which characters they have."""
        nothing = self.pdf.make_indirect(Stream(self.pdf, b"1000 0 0 0 1000 1000 d1"))
        for number, font in enumerate(self._objects):
            characters = {code + 1: text for text, (owner, code) in self._codes.items() if owner == number}
            last = max(characters)
            font.FontBBox = Array([0, 0, 1000, 1000])
            font.FontMatrix = Array([0.001, 0, 0, 0.001, 0, 0])
            font.CharProcs = Dictionary(g=nothing)
            font.Encoding = Dictionary(Type=Name.Encoding, Differences=Array([1, *[Name.g] * last]))
            font.FirstChar, font.LastChar = 1, last
            font.Widths = Array([1000] * last)
            font.Resources = Dictionary()
            font.ToUnicode = self.pdf.make_indirect(Stream(self.pdf, _to_unicode(characters)))


def _to_unicode(characters: dict[int, str]) -> bytes:
    pairs = [f"<{code:02X}> <{text.encode('utf-16-be').hex().upper()}>" for code, text in sorted(characters.items())]
    # A block may have 100 lines.
    blocks = [pairs[start : start + 100] for start in range(0, len(pairs), 100)]
    lines = [
        "/CIDInit /ProcSet findresource begin 12 dict begin begincmap",
        "/CMapName /Adobe-Identity-UCS def /CMapType 2 def",
        "1 begincodespacerange <00> <FF> endcodespacerange",
        *("\n".join([f"{len(block)} beginbfchar", *block, "endbfchar"]) for block in blocks),
        "endcmap CMapName currentdict /CMap defineresource pop end end",
    ]
    return "\n".join(lines).encode("ascii")


def _add_text(target: pikepdf.Page, page: Page, fonts: _Fonts) -> None:
    place = _Placement(box=tuple(float(side) for side in target.cropbox), turned=_rotation(target), page=page)
    used: set[int] = set()
    shown = [_shown(region, place, fonts, used) for region in page.regions]
    if not used:
        return
    # Whatever state the page's own content leaves behind, the text begins afresh.
    target.contents_add(b"q", prepend=True)
    target.contents_add("\n".join(["Q q 3 Tr", *shown, "Q"]).encode("ascii"))
    for number in used:
        target.add_resource(fonts.resource(number), Name.Font, Name(f"/OcrInbox{number}"), replace_existing=True)


def _shown(region: Region, place: "_Placement", fonts: _Fonts, used: set[int]) -> str:
    """The operators that show one line: each character is as wide as the line allows all of them to be."""
    text = _as_seen(" ".join(region.text.encode("utf-8", "ignore").decode().split()))
    if not text:
        return ""
    top, _, right, left = (place.point(corner) for corner in region.polygon)
    across = [(end - begin) / len(text) for begin, end in zip(left, right, strict=True)]
    up = [end - begin for begin, end in zip(left, top, strict=True)]
    matrix = " ".join(f"{number:.4f}" for number in (*across, *up, *left))
    runs = list(fonts.shown(text))
    used.update(number for number, _ in runs)
    shown = " ".join(f"/OcrInbox{number} 1 Tf <{codes.hex()}> Tj" for number, codes in runs)
    return f"BT {matrix} Tm {shown} ET"


def _as_seen(text: str) -> str:
    """The characters from left to right, as a PDF has them: what reads text turns Hebrew and Arabic back."""
    kinds = "".join(_KINDS.get(bidirectional(letter), " ") for letter in text)
    if "R" not in kinds:
        return text
    if kinds.replace("N", "").lstrip().startswith("R"):
        return _with_reversed(_FROM_LEFT, text[::-1], kinds[::-1])
    return _with_reversed(_FROM_RIGHT, text, kinds)


def _with_reversed(runs: re.Pattern[str], text: str, kinds: str) -> str:
    pieces, end = [], 0
    for run in runs.finditer(kinds):
        pieces += [text[end : run.start()], text[run.start() : run.end()][::-1]]
        end = run.end()
    return "".join([*pieces, text[end:]])


@dataclass(frozen=True, slots=True, kw_only=True)
class _Placement:
    """Where on the sheet the pixels of the upright page stand; `turned` is in degrees clockwise."""

    box: tuple[float, ...]
    turned: int
    page: Page

    def point(self, pixel: Point) -> Point:
        """In the page's own units, from its bottom left."""
        x1, y1, x2, y2 = self.box
        right, down = pixel[0] / self.page.width, pixel[1] / self.page.height
        width, height = x2 - x1, y2 - y1
        return {
            0: (x1 + right * width, y2 - down * height),
            90: (x1 + down * width, y1 + right * height),
            180: (x2 - right * width, y1 + down * height),
            270: (x2 - down * width, y2 - right * height),
        }[self.turned]


def _rotation(page: pikepdf.Page) -> int:
    """In degrees clockwise, as the page or a node above it says."""
    node: pikepdf.Object = page.obj
    for _ in range(_MOST_DEPTH):
        if Name.Rotate in node:
            return int(node.Rotate) % 360 // 90 * 90
        if Name.Parent not in node:
            break
        node = node.Parent
    return 0
