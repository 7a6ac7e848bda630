"""Whatever bytes arrive, only named errors come out; the examples are the same on every run."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from ocr_inbox.errors import DocumentError
from ocr_inbox.images import Pages, open_pages
from ocr_inbox.reading import Limits
from pages import encoded, pdf_of, text_pdf, tiff_of

LIMITS = Limits(max_bytes=1_000_000, max_pixels=1_000_000, max_pages=50, pdf_dpi=20)


def small() -> Image.Image:
    image = Image.linear_gradient("L").resize((24, 16)).convert("RGB")
    image.paste((200, 30, 30), (4, 4, 12, 12))
    return image


def exif() -> Image.Exif:
    block = Image.Exif()
    block[0x0112] = 6
    return block


SEEDS = {
    "jpeg": encoded(small(), "JPEG", exif=exif()),
    "progressive jpeg": encoded(small().convert("CMYK"), "JPEG", progressive=True),
    "mpo": encoded(small(), "MPO", save_all=True, append_images=[small()]),
    "png": encoded(small(), exif=exif()),
    "palette png": encoded(small().quantize(8), transparency=1),
    "animated png": encoded(small(), save_all=True, append_images=[small().rotate(90)]),
    "bmp": encoded(small(), "BMP"),
    "palette bmp": encoded(small().quantize(8), "BMP"),
    "webp": encoded(small().convert("RGBA"), "WEBP", lossless=True, exif=exif()),
    "animated webp": encoded(small(), "WEBP", save_all=True, append_images=[small().rotate(90)]),
    "gif": encoded(small(), "GIF"),
    "animated gif": encoded(small(), "GIF", save_all=True, append_images=[small().rotate(90)], disposal=2),
    "tiff": tiff_of([small(), small().convert("I;16")]),
    "lzw tiff": tiff_of([small(), small()], compression="tiff_lzw"),
    "jpeg tiff": tiff_of([small()], compression="jpeg"),
    "fax": tiff_of([small().convert("1")] * 2, compression="group4"),
    "big tiff": tiff_of([small()], big_tiff=True, exif=exif()),
    "scanned pdf": pdf_of([small(), small()]),
    "text pdf": text_pdf([["some text"], ["and more"]]),
}

# Headers lie at the front, where damage is felt most: half of the changes go there. Runs of ones make huge numbers.
changes = st.lists(
    st.tuples(
        st.one_of(st.integers(0, 120), st.integers(0, 100_000)),
        st.one_of(st.binary(min_size=1, max_size=1), st.sampled_from([b"\xff" * 4, b"\xff" * 8, bytes(4)])),
    ),
    max_size=12,
)


def read_or_refuse(data: bytes) -> None:
    """Any exception but a DocumentError passes through and ends the test."""
    refusals: list[DocumentError] = []
    try:
        with open_pages(data, LIMITS) as pages:
            for index in range(pages.page_total):
                refusals += refusal_of(pages, index)
    except DocumentError as error:
        refusals.append(error)
    assert all(str(error).startswith("cannot read ") for error in refusals)


def refusal_of(pages: Pages, index: int) -> list[DocumentError]:
    try:
        page = pages.decode(index)
    except DocumentError as error:
        return [error]
    assert page.width * page.height <= LIMITS.max_pixels
    return []


@pytest.mark.parametrize("seed", [pytest.param(data, id=name) for name, data in SEEDS.items()])
@settings(max_examples=60, deadline=None, derandomize=True)
@given(changes=changes, end=st.one_of(st.none(), st.floats(0, 1)))
def test_changed_and_shortened_files_are_read_or_refused(
    seed: bytes, changes: list[tuple[int, bytes]], end: float | None
) -> None:
    data = bytearray(seed)
    for place, value in changes:
        begin = place % len(data)
        data[begin : begin + len(value)] = value
    read_or_refuse(bytes(data if end is None else data[: int(end * len(data))]))


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    start=st.sampled_from(
        [b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"II*\x00", b"MM\x00+", b"GIF89a", b"%PDF-1.7\n", b""]
    ),
    rest=st.binary(max_size=300),
)
def test_chance_behind_a_signature_is_read_or_refused(start: bytes, rest: bytes) -> None:
    read_or_refuse(start + rest)


def test_every_seed_is_readable_as_it_is() -> None:
    for data in SEEDS.values():
        with open_pages(data, LIMITS) as pages:
            assert all(pages.decode(index).width > 0 for index in range(pages.page_total))
