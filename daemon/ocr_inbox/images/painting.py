"""What a PDF page paints, and which of its text a person can see, found out without drawing it."""

from collections.abc import Iterator
from ctypes import c_float, c_int, c_uint, c_ulong, c_void_p, cast, sizeof
from dataclasses import dataclass
from typing import Any

import numpy as np
import pypdfium2 as pdfium
import pypdfium2.raw as pdfium_c
from numpy.typing import NDArray

from ocr_inbox.reading import Box, Point

_MOST_OBJECTS = 5_000
"""Far above a page of text; comparing each with each takes a second then."""
_RECTANGLE = 5
"""Segments."""
_PALE = 230
"""Of 255, all of red, green and blue: white on white."""
_MOST_TO_FOLLOW = 20
"""Marks of an object, paths that cut it off, and corners of each: with more nobody knows what is seen of it."""
_LAYER = "OC\0"
_UNSEEN_MODES = (pdfium_c.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium_c.FPDF_TEXTRENDERMODE_CLIP)
_WORDLESS_ANNOTATIONS = {
    pdfium_c.FPDF_ANNOT_TEXT,
    pdfium_c.FPDF_ANNOT_LINK,
    pdfium_c.FPDF_ANNOT_HIGHLIGHT,
    pdfium_c.FPDF_ANNOT_UNDERLINE,
    pdfium_c.FPDF_ANNOT_SQUIGGLY,
    pdfium_c.FPDF_ANNOT_STRIKEOUT,
    pdfium_c.FPDF_ANNOT_POPUP,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Painting:
    """`seen` are the handles of the text objects that a person sees; the rest is explained by `soundness.Facts`."""

    seen: frozenset[int]
    pictured: float
    outlines: int
    overlays: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Text:
    """A text object that paints; `turn` counts what had been painted before it."""

    handle: int
    box: Box
    turn: int
    pale: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Paint:
    box: Box
    pale: bool


def painting_of(page: pdfium.PdfPage) -> Painting:
    """Boxes stand for shapes: what may be covered counts as covered.

    Raises PdfiumError where an object is broken, and ValueError where there are too many to look at.
    """
    edges = page.get_bbox()
    texts: list[_Text] = []
    paints: list[_Paint] = []
    pictured, outlines = 0.0, 0
    for number, thing in enumerate(page.get_objects()):
        if number >= _MOST_OBJECTS:
            raise ValueError("the page has too many objects to look at")
        if thing.type == pdfium_c.FPDF_PAGEOBJ_TEXT:
            texts += _painted_text(thing, len(paints))
            continue
        if thing.type == pdfium_c.FPDF_PAGEOBJ_IMAGE:
            pictured += _area(_common(_box(thing), edges)) / _area(edges)
        elif thing.type == pdfium_c.FPDF_PAGEOBJ_PATH:
            outlines += _outline_segments(thing)
        paints += _opaque(thing)
    return Painting(
        seen=_seen(texts, paints),
        pictured=pictured,
        outlines=outlines,
        overlays=_overlays(page),
    )


def handle_of(raw: Any) -> int | None:
    """What a text object is known by; None where there is none."""
    return cast(raw, c_void_p).value


def _painted_text(thing: pdfium.PdfObject, turn: int) -> list[_Text]:
    mode, colour, handle = pdfium_c.FPDFTextObj_GetTextRenderMode(thing), _fill_colour(thing), handle_of(thing.raw)
    if handle is None or mode in _UNSEEN_MODES or colour[3] == 0:
        return []
    if any(_is_optional(level) or _is_clipped(level, box) for level, box in _levels(thing)):
        return []
    pale = mode == pdfium_c.FPDF_TEXTRENDERMODE_FILL and min(colour[:3]) >= _PALE
    return [_Text(handle=handle, box=_box(thing), turn=turn, pale=pale)]


def _opaque(thing: pdfium.PdfObject) -> list[_Paint]:
    if thing.type == pdfium_c.FPDF_PAGEOBJ_FORM or pdfium_c.FPDFPageObj_HasTransparency(thing):
        return []
    if thing.type == pdfium_c.FPDF_PAGEOBJ_PATH:
        return [_Paint(box=_box(thing), pale=min(_fill_colour(thing)[:3]) >= _PALE)] if _is_filled(thing) else []
    return [_Paint(box=_box(thing), pale=False)]


def _seen(texts: list[_Text], paints: list[_Paint]) -> frozenset[int]:
    """What nothing was painted over, and if it is pale, what stands on something that is not."""
    boxes = np.array([paint.box for paint in paints], dtype=np.float64).reshape(-1, 4)
    dark = np.array([not paint.pale for paint in paints], dtype=np.bool_)
    return frozenset(
        text.handle
        for text in texts
        if not _meets(text.box, boxes[text.turn :])
        and (not text.pale or _meets(text.box, boxes[: text.turn][dark[: text.turn]]))
    )


def _meets(box: Box, others: NDArray[np.float64]) -> bool:
    """Whether one of the others takes about a character of the box, and not only a rule's thickness."""
    left, bottom, right, top = box
    least = min(right - left, top - bottom) / 2
    with np.errstate(invalid="ignore"):  # hostile sizes are infinite
        across = np.minimum(others[:, 2], right) - np.maximum(others[:, 0], left)
        upward = np.minimum(others[:, 3], top) - np.maximum(others[:, 1], bottom)
    return bool(((across > least) & (upward > least)).any())


def _box(thing: pdfium.PdfObject) -> Box:
    """In the page's own units, as left, bottom, right, top."""
    *_, (_, box) = _levels(thing)
    return box


def _levels(thing: pdfium.PdfObject) -> Iterator[tuple[pdfium.PdfObject, Box]]:
    """The object and the forms that it stands in, outwards, and the object's box in the units around each."""
    left, bottom, right, top = thing.get_bounds()
    yield thing, (left, bottom, right, top)
    while thing.container is not None:
        thing = thing.container
        left, bottom, right, top = thing.get_matrix().on_rect(left, bottom, right, top)
        yield thing, (left, bottom, right, top)


def _common(box: Box, other: Box) -> Box:
    return max(box[0], other[0]), max(box[1], other[1]), min(box[2], other[2]), min(box[3], other[3])


def _area(box: Box) -> float:
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def _fill_colour(thing: pdfium.PdfObject) -> tuple[int, int, int, int]:
    """Red, green, blue and opacity of 255; black where it is none of these, such as a pattern."""
    red, green, blue, opacity = c_uint(), c_uint(), c_uint(), c_uint()
    if not pdfium_c.FPDFPageObj_GetFillColor(thing, red, green, blue, opacity):
        return 0, 0, 0, 255
    return red.value, green.value, blue.value, opacity.value


def _is_filled(path: pdfium.PdfObject) -> bool:
    fill, stroke = c_int(), c_int()
    return bool(pdfium_c.FPDFPath_GetDrawMode(path, fill, stroke)) and fill.value != pdfium_c.FPDF_FILLMODE_NONE


def _outline_segments(path: pdfium.PdfObject) -> int:
    segments = int(pdfium_c.FPDFPath_CountSegments(path))
    return segments if segments > _RECTANGLE and _is_filled(path) else 0


def _is_optional(thing: pdfium.PdfObject) -> bool:
    """Whether it belongs to a layer, which may be switched off."""
    name, size, count = (pdfium_c.FPDF_WCHAR * len(_LAYER))(), c_ulong(), pdfium_c.FPDFPageObj_CountMarks(thing)
    return count > _MOST_TO_FOLLOW or any(
        pdfium_c.FPDFPageObjMark_GetName(pdfium_c.FPDFPageObj_GetMark(thing, number), name, sizeof(name), size)
        and "".join(map(chr, name)) == _LAYER
        for number in range(count)
    )


def _is_clipped(thing: pdfium.PdfObject, box: Box) -> bool:
    """Whether the middle of the box is outside of where the object may paint."""
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    clip = pdfium_c.FPDFPageObj_GetClipPath(thing)
    count = pdfium_c.FPDFClipPath_CountPaths(clip)
    return count > _MOST_TO_FOLLOW or not all(_is_within(clip, path, x, y) for path in range(count))


def _is_within(clip: Any, path: int, x: float, y: float) -> bool:
    count = pdfium_c.FPDFClipPath_CountPathSegments(clip, path)
    if not 0 < count <= _MOST_TO_FOLLOW:
        return False
    corners = [_corner(clip, path, number) for number in range(count)]
    xs, ys = [corner[0] for corner in corners], [corner[1] for corner in corners]
    return min(xs) <= x <= max(xs) and min(ys) <= y <= max(ys)


def _corner(clip: Any, path: int, number: int) -> Point:
    x, y = c_float(), c_float()
    pdfium_c.FPDFPathSegment_GetPoint(pdfium_c.FPDFClipPath_GetPathSegment(clip, path, number), x, y)
    return x.value, y.value


def _overlays(page: pdfium.PdfPage) -> int:
    count = int(pdfium_c.FPDFPage_GetAnnotCount(page))
    if count > _MOST_OBJECTS:
        raise ValueError("the page has too many annotations to look at")
    return sum(_subtype(page, number) not in _WORDLESS_ANNOTATIONS for number in range(count))


def _subtype(page: pdfium.PdfPage, number: int) -> int:
    annotation = pdfium_c.FPDFPage_GetAnnot(page, number)
    try:
        return int(pdfium_c.FPDFAnnot_GetSubtype(annotation))
    finally:
        pdfium_c.FPDFPage_CloseAnnot(annotation)
