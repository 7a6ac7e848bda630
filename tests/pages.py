"""Test material: pages of known text lines, clean or as a bad scanner leaves them, as images and as files.

`render_page(LINES)` is a clean A4 page and `scanned(page, ...)` a worse one; `encoded(page, "JPEG")` and
`pdf_of([page])` turn it into the bytes of a file; `text_pdf([LINES])` is a PDF with real text instead of its image.
"""

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

LINES = (
    "Invoice 2041 of 17 March 2025",
    "Harbour Supplies Limited",
    "12 Mill Lane, Bristol BS1 4QD",
    "Rope, 50 metres, 2 pieces: 84.00",
    "Brass shackle, 10 pieces: 37.50",
    "Total to be paid: 121.50 GBP",
    "Please pay within 30 days.",
)
"""Lines without look-alike characters, so that a good reader gets every one of them exactly."""

PHOTO = (200, 1000, 1000, 1600)
"""Where the photo of `render_illustrated_page` is: x1, y1, x2, y2 in pixels."""

_A4_INCHES = (8.27, 11.69)
PLACEMENTS = (
    "",
    "/Rotate 90",
    "/Rotate 180",
    "/Rotate -90",
    "/CropBox [40 100 500 830]",
    "/Rotate 90 /CropBox [40 100 500 830]",
    "/MediaBox [-100 -50 595 842]",
)
"""What PDF pages say of how they lie, each of which leaves `LINES` to be seen."""
_POINTS_PER_INCH = 72
_TYPEFACE = "DejaVuSans.ttf"


def _font(pixels: float, typeface: str = _TYPEFACE) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    try:
        return ImageFont.truetype(typeface, pixels)
    except OSError:
        return ImageFont.load_default(pixels)


def render_page(
    lines: Sequence[str],
    *,
    dpi: int = 150,
    points: float = 14,
    ink: str = "black",
    paper: str = "white",
    typeface: str = _TYPEFACE,
) -> Image.Image:
    """An RGB page of A4 with `lines` set in `points`, left-aligned from the top; too much text is a ValueError."""
    width, height = (round(side * dpi) for side in _A4_INCHES)
    page = Image.new("RGB", (width, height), paper)
    font = _font(points * dpi / _POINTS_PER_INCH, typeface)
    draw = ImageDraw.Draw(page)
    left = top = 0.75 * dpi
    step = 1.9 * points * dpi / _POINTS_PER_INCH
    for number, line in enumerate(lines):
        baseline = top + number * step
        if left + draw.textlength(line, font) > width - left / 2 or baseline + step > height:
            raise ValueError(f"cannot render line {number}: it does not fit the page; use smaller points")
        draw.text((left, baseline), line, font=font, fill=ink)
    return page


def render_line(text: str, *, width: int = 320) -> Image.Image:
    """An RGB strip of one line, 64 pixels high: read in a moment, by a real engine."""
    strip = Image.new("RGB", (width, 64), "white")
    ImageDraw.Draw(strip).text((16, 16), text, font=_font(24), fill="black")
    return strip


def render_table(rows: Sequence[Sequence[str]], *, dpi: int = 150, points: float = 12) -> Image.Image:
    """An RGB page of A4 with one ruled table across it, a cell for each string; all rows have the same length."""
    width, height = (round(side * dpi) for side in _A4_INCHES)
    page = Image.new("RGB", (width, height), "white")
    font = _font(points * dpi / _POINTS_PER_INCH)
    draw = ImageDraw.Draw(page)
    margin, step, rule = round(0.75 * dpi), round(2.4 * points * dpi / _POINTS_PER_INCH), max(1, dpi // 75)
    column = (width - 2 * margin) // len(rows[0])
    for row, cells in enumerate(rows):
        for place, cell in enumerate(cells):
            x, y = margin + place * column, margin + row * step
            draw.rectangle((x, y, x + column, y + step), outline="black", width=rule)
            draw.text((x + column / 2, y + step / 2), cell, font=font, fill="black", anchor="mm")
    return page


def render_photo(width: int, height: int, *, seed: int = 0, grain: float = 8.0) -> Image.Image:
    """An RGB picture that nobody takes for text: soft spots of colour, and grain of that deviation."""
    chance = np.random.default_rng(seed)
    spots = Image.fromarray(chance.integers(0, 256, (height // 64 + 2, width // 64 + 2, 3), dtype=np.uint8))
    return scanned(spots.resize((width, height), Image.Resampling.BICUBIC), noise=grain, seed=seed)


def render_illustrated_page(*, seed: int = 0) -> Image.Image:
    """An RGB page of A4 with `LINES`, and below them a photo with a caption."""
    page = render_page(LINES)
    page.paste(render_photo(800, 600, seed=seed), PHOTO[:2])
    ImageDraw.Draw(page).text((200, 1620), "Figure 1. The harbour in spring.", font=_font(28), fill="black")
    return page


def scanned(
    page: Image.Image,
    *,
    degrees: float = 0.0,
    blur: float = 0.0,
    noise: float = 0.0,
    seed: int = 0,
) -> Image.Image:
    """The same RGB page turned by `degrees`, blurred by a radius in pixels, and with grain of that deviation."""
    page = page.convert("RGB")
    if degrees:
        page = page.rotate(degrees, resample=Image.Resampling.BICUBIC, fillcolor="white")
    if blur:
        page = page.filter(ImageFilter.GaussianBlur(blur))
    if noise:
        grain = np.random.default_rng(seed).normal(0, noise, (page.height, page.width, 1))
        page = Image.fromarray((np.asarray(page) + grain).clip(0, 255).astype(np.uint8))
    return page


def encoded(image: Image.Image, form: str = "PNG", **options: Any) -> bytes:
    """The bytes of a file in one of Pillow's formats; `options` are those of `Image.save`."""
    file = io.BytesIO()
    image.save(file, form, **options)
    return file.getvalue()


def tiff_of(pages: Sequence[Image.Image], **options: Any) -> bytes:
    """A TIFF with one frame for each page."""
    return encoded(pages[0], "TIFF", save_all=True, append_images=list(pages[1:]), **options)


def pdf_of(pages: Sequence[Image.Image], *, dpi: int = 150) -> bytes:
    """A PDF like a good scanner's: each page is an image of that resolution, fax if it is bilevel and else JPEG."""
    # At Pillow's own quality of 75 the readers lose spaces between words to the artefacts.
    options = {} if pages[0].mode == "1" else {"quality": 95}
    return encoded(pages[0], "PDF", save_all=True, append_images=list(pages[1:]), resolution=dpi, **options)


def text_pdf(pages: Sequence[Sequence[str]], *, points: int = 14, page_entries: str = "") -> bytes:
    """An A4 PDF with real text, in ASCII; `page_entries` go into each page's dictionary, such as "/Rotate 90"."""
    numbers = [4 + 2 * place for place in range(len(pages))]
    kids = " ".join(f"{number} 0 R" for number in numbers)
    objects = [
        "<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}/MediaBox[0 0 595 842]/Resources<</Font<</F 3 0 R>>>>>>",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    for number, lines in zip(numbers, pages, strict=True):
        escaped = (line.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)") for line in lines)
        shown = "".join(f"({line})Tj T* " for line in escaped)
        text = f"BT /F {points} Tf {1.9 * points:.1f} TL 54 780 Td {shown}ET"
        objects.append(f"<</Type/Page/Parent 2 0 R/Contents {number + 1} 0 R {page_entries}>>")
        objects.append(f"<</Length {len(text)}>>stream\n{text}\nendstream")
    return pdf_file(objects)


def pdf_file(objects: Sequence[str | bytes], *, trailer_entries: str = "") -> bytes:
    """A PDF file of these objects, numbered from 1; the first is the catalog."""
    file = io.BytesIO()
    file.write(b"%PDF-1.7\n")
    offsets = []
    for number, content in enumerate(objects, start=1):
        offsets.append(file.tell())
        body = content.encode("ascii") if isinstance(content, str) else content
        file.write(b"%d 0 obj\n%s\nendobj\n" % (number, body))
    table = file.tell()
    file.write(b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1))
    file.writelines(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = f"trailer<</Size {len(objects) + 1}/Root 1 0 R{trailer_entries}>>\nstartxref\n{table}\n%%EOF\n"
    file.write(trailer.encode("ascii"))
    return file.getvalue()


def truncated(data: bytes, keep: float = 0.5) -> bytes:
    """The first part of a file, as an interrupted upload leaves it."""
    return data[: int(len(data) * keep)]


def damaged(data: bytes, *, flips: int = 20, seed: int = 0, start: int = 0) -> bytes:
    """The same file with some bytes changed, none of them before `start`."""
    chance = np.random.default_rng(seed)
    broken = bytearray(data)
    for place in chance.integers(start, len(data), flips):
        broken[place] ^= int(chance.integers(1, 256))
    return bytes(broken)
