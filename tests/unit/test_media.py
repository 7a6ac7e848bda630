"""Types are told by content; what merely begins alike is not taken for an image."""

import pytest
from PIL import Image

from ocr_inbox.media import HEAD_BYTES, media_type
from pages import LINES, encoded, text_pdf


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ("JPEG", "image/jpeg"),
        ("PNG", "image/png"),
        ("BMP", "image/bmp"),
        ("TIFF", "image/tiff"),
        ("WEBP", "image/webp"),
        ("GIF", "image/gif"),
        ("MPO", "image/jpeg"),
    ],
)
def test_every_accepted_image_type_is_told_by_its_content(form: str, expected: str) -> None:
    assert media_type(encoded(Image.new("RGB", (3, 3)), form)) == expected


@pytest.mark.parametrize("head", [b"II*\x00", b"MM\x00*", b"II+\x00\x08\x00\x00\x00", b"MM\x00+\x00\x08\x00\x00"])
def test_tiff_is_known_in_both_byte_orders_and_both_offset_sizes(head: bytes) -> None:
    assert media_type(head) == "image/tiff"


def test_a_pdf_may_begin_late() -> None:
    data = text_pdf([LINES])
    assert media_type(data) == "application/pdf"
    assert media_type(b"\x00" * (HEAD_BYTES - 5) + data) == "application/pdf"
    assert media_type(b"\x00" * HEAD_BYTES + data) is None


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"B",
        b"BM",
        b"BMW bill of 12 March, Munich branch",
        b"just some text",
        b"RIFF\x00\x00\x00\x00WAVEfmt ",
        b"\x00\x00\x00\x18ftypheic",
        b"PK\x03\x04",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%!PS-Adobe-3.0 EPSF-3.0",
        b"P6 1 1 255 \x00\x00\x00",
    ],
)
def test_anything_else_has_no_type(data: bytes) -> None:
    assert media_type(data) is None


def test_a_complete_signature_decides_and_half_of_one_does_not() -> None:
    assert media_type(b"\x89PNG\r\n\x1a\n") == "image/png"
    assert media_type(b"\x89PNG\r\n") is None
    assert media_type(b"\xff\xd8") is None
