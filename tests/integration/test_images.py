"""What a document may be and what is refused, page by page; the files are made here, byte by byte where need be."""

import resource
import struct
import time
import zlib

import pytest
from PIL import Image, ImageFile

from ocr_inbox.errors import DocumentError, TooLargeError, UnreadableDocumentError, UnsupportedTypeError
from ocr_inbox.images import PageImage, open_pages
from ocr_inbox.reading import Limits
from pages import LINES, encoded, render_page, tiff_of, truncated

FORMS = ("JPEG", "PNG", "BMP", "TIFF", "WEBP", "GIF")
COLOURS = ((255, 0, 0), (0, 255, 0), (0, 0, 255))


def all_pages(data: bytes, limits: Limits | None = None) -> list[PageImage]:
    with open_pages(data, limits or Limits()) as pages:
        return [pages.decode(index) for index in range(pages.page_total)]


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">L", len(content)) + kind + content + struct.pack(">L", zlib.crc32(kind + content))


def png(width: int, height: int, *, before: bytes = b"", content: bytes = b"", after: bytes = b"") -> bytes:
    header = chunk(b"IHDR", struct.pack(">LLBBBBB", width, height, 8, 2, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(content))
    return b"\x89PNG\r\n\x1a\n" + header + before + body + after + chunk(b"IEND", b"")


def tiff_chain(frames: int, *, last_next: int = 0) -> bytes:
    """Directories of a single entry, one behind the other; there is no image in them."""
    directories = bytearray(b"II*\x00" + struct.pack("<L", 8))
    for frame in range(frames):
        following = last_next if frame == frames - 1 else len(directories) + 18
        directories += struct.pack("<HHHLLL", 1, 256, 4, 1, 5, following)
    return bytes(directories)


def tiff_entry(data: bytes, tag: int, value: int) -> bytes:
    """The same little-endian TIFF with a long `value` at `tag` in its first directory."""
    changed = bytearray(data)
    (directory,) = struct.unpack_from("<L", data, 4)
    (entries,) = struct.unpack_from("<H", data, directory)
    for place in range(directory + 2, directory + 2 + 12 * entries, 12):
        if struct.unpack_from("<H", data, place) == (tag,):
            struct.pack_into("<HHLL", changed, place, tag, 4, 1, value)
    return bytes(changed)


OVERSIZED = {
    "png": png(40_000, 40_000),
    "png of the largest numbers": png(2**31 - 1, 2**31 - 1),
    "bmp": b"BM" + struct.pack("<LHHLLllHHLLllLL", 0, 0, 0, 54, 40, 40_000, 40_000, 1, 24, 0, 0, 0, 0, 0, 0),
    "gif": b"GIF89a" + struct.pack("<HHBBBBHHHHBBB", 60_000, 60_000, 0, 0, 0, 0x2C, 0, 0, 9, 9, 0, 8, 0) + b";",
    "gif with a frame larger than its screen": (
        b"GIF89a" + struct.pack("<HHBBBBHHHHBBB", 1, 1, 0, 0, 0, 0x2C, 0, 0, 60_000, 60_000, 0, 8, 0) + b";"
    ),
    "tiff": tiff_entry(tiff_entry(encoded(Image.new("L", (8, 8)), "TIFF"), 256, 40_000), 257, 40_000),
    "jpeg": encoded(Image.new("L", (8, 8)), "JPEG").replace(b"\x08\x00\x08\x00\x08", b"\x08\xff\x00\xff\x00"),
}

BROKEN = {
    "nothing": b"",
    "png of no width": png(0, 5),
    "png of no height": png(5, 0),
    "png without its pixels": png(5, 5),
    "signature only": b"\x89PNG\r\n\x1a\n",
    "jpeg start only": b"\xff\xd8\xff\xe0",
    "tiff without a frame": b"II*\x00\x00\x00\x00\x00",
    "tiff that stops at its header": b"II*\x00",
    "tiff whose frame lies beyond its end": b"II*\x00\xff\xff\x00\x00",
    "big tiff whose frame lies beyond all numbers": b"II+\x00\x08\x00\x00\x00" + b"\xff" * 8,
    "tiff frame without an image": tiff_chain(1),
    "pdf of one line": b"%PDF-1.7\n",
    "webp of nothing": b"RIFF\x04\x00\x00\x00WEBP",
}


@pytest.mark.parametrize("form", FORMS)
def test_a_page_keeps_its_size_in_every_form(form: str) -> None:
    page = render_page(LINES, dpi=50)
    (read,) = all_pages(encoded(page, form))
    assert (read.index, read.width, read.height) == (0, page.width, page.height)
    assert read.pixels.shape == (page.height, page.width, 3)
    assert read.pixels.dtype == "uint8"
    assert read.pixels.flags.c_contiguous
    assert read.pixels.flags.writeable


def test_a_single_pixel_is_a_page() -> None:
    (read,) = all_pages(encoded(Image.new("RGB", (1, 1), (1, 2, 3))))
    assert read.pixels.tolist() == [[[3, 2, 1]]]


@pytest.mark.parametrize("data", [pytest.param(data, id=name) for name, data in OVERSIZED.items()])
def test_too_many_pixels_are_refused_before_they_take_memory(data: bytes) -> None:
    memory, started = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.monotonic()
    with pytest.raises(TooLargeError, match="cannot read the image: it has more than 100000000 pixels; "):
        all_pages(data)
    assert time.monotonic() - started < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 64 * 1024


@pytest.mark.parametrize("form", FORMS)
def test_the_limit_is_the_last_size_that_passes(form: str) -> None:
    data = encoded(Image.new("RGB", (30, 20)), form)
    assert len(all_pages(data, Limits(max_pixels=600))) == 1
    with pytest.raises(TooLargeError):
        all_pages(data, Limits(max_pixels=599))


def test_too_many_bytes_are_refused() -> None:
    data = encoded(Image.new("RGB", (3, 3)))
    assert len(all_pages(data, Limits(max_bytes=len(data)))) == 1
    with pytest.raises(TooLargeError, match=f"it has {len(data)} bytes and {len(data) - 1} are allowed"):
        all_pages(data, Limits(max_bytes=len(data) - 1))


def test_too_many_frames_are_refused_at_once() -> None:
    data, started = tiff_chain(10_000), time.monotonic()
    with pytest.raises(TooLargeError, match="more than 2000 frames"):
        all_pages(data)
    assert time.monotonic() - started < 1


def test_directories_that_go_round_in_circles_end() -> None:
    frames = tiff_chain(3, last_next=8)
    with open_pages(frames, Limits()) as pages:
        assert pages.page_total == 3


@pytest.mark.parametrize("data", [pytest.param(data, id=name) for name, data in BROKEN.items()])
def test_broken_files_are_unreadable(data: bytes) -> None:
    with pytest.raises((UnreadableDocumentError, UnsupportedTypeError), match=r"^cannot read the \w+: .+; .+$"):
        all_pages(data)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("keep", [0.3, 0.7, 0.95])
def test_a_file_that_was_cut_off_is_unreadable(form: str, keep: float, monkeypatch: pytest.MonkeyPatch) -> None:
    # Another library in the same process may have asked Pillow to be lenient.
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    with pytest.raises(UnreadableDocumentError) as caught:
        all_pages(truncated(encoded(render_page(LINES, dpi=50), form), keep))
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize("compression", ["tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_damaged_tiff_strips_are_unreadable(compression: str) -> None:
    data = encoded(render_page(LINES, dpi=50), "TIFF", compression=compression)
    middle = len(data) // 2
    with pytest.raises(UnreadableDocumentError):
        all_pages(data[:middle] + b"\x55" * 200 + data[middle + 200 :])


def test_what_is_no_document_is_unsupported() -> None:
    with pytest.raises(UnsupportedTypeError, match="none of JPEG, PNG, BMP, TIFF, WebP, GIF and PDF"):
        all_pages(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\n")


def test_each_frame_of_a_tiff_is_a_page() -> None:
    for options in ({}, {"compression": "tiff_lzw"}, {"big_tiff": True}):
        data = tiff_of([Image.new("RGB", (4 + place, 5), colour) for place, colour in enumerate(COLOURS)], **options)
        read = all_pages(data)
        assert [(page.index, page.width) for page in read] == [(0, 4), (1, 5), (2, 6)]
        assert [tuple(page.pixels[0, 0, ::-1]) for page in read] == list(COLOURS)


def test_pages_can_be_decoded_in_any_order_and_again() -> None:
    data = tiff_of([Image.new("RGB", (4, 4), colour) for colour in COLOURS])
    with open_pages(data, Limits()) as pages:
        for index in (2, 0, 2):
            assert tuple(pages.decode(index).pixels[0, 0, ::-1]) == COLOURS[index]
        for index in (-1, 3):
            with pytest.raises(IndexError):
                pages.decode(index)


def test_a_broken_page_costs_only_itself() -> None:
    whole = tiff_of([Image.new("RGB", (4, 4), colour) for colour in COLOURS])
    cut = whole[: whole.rindex(b"\x00\x00\xff" * 16)]
    with open_pages(cut, Limits()) as pages:
        assert pages.page_total == 3
        assert [pages.decode(index).width for index in (0, 1)] == [4, 4]
        with pytest.raises(UnreadableDocumentError, match="cannot read page 3 of 3: "):
            pages.decode(2)
        assert pages.decode(0).width == 4


def test_an_oversized_page_costs_only_itself() -> None:
    data = tiff_of([Image.new("L", (9, 9)), Image.new("L", (20, 20))])
    with open_pages(data, Limits(max_pixels=100)) as pages:
        assert pages.decode(0).width == 9
        with pytest.raises(TooLargeError, match="cannot read page 2 of 2: "):
            pages.decode(1)


def test_a_directory_that_claims_a_thousand_times_its_file_is_refused() -> None:
    """Pillow before 13 loads the value of every entry, and all of these point at the same megabyte."""
    entries = b"".join(struct.pack("<HHLL", 1000 + number, 1, 1_000_000, 8) for number in range(2000))
    data = b"II*\x00" + struct.pack("<LH", 8, 2000) + entries + bytes(1_000_000)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UnreadableDocumentError):
        all_pages(data)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 64 * 1024


@pytest.mark.parametrize("place", ["before", "after"])
@pytest.mark.parametrize(("size", "count"), [(100_000_000, 1), (1_000_000, 200)])
def test_compressed_text_in_a_png_cannot_fill_the_memory(place: str, size: int, count: int) -> None:
    text = chunk(b"zTXt", b"k\x00\x00" + zlib.compress(bytes(size))) * count
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(UnreadableDocumentError):
        all_pages(png(1, 1, content=b"\x00abc", **{place: text}))
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - memory < 200 * 1024


@pytest.mark.parametrize("form", ["GIF", "PNG", "WEBP"])
def test_an_animation_is_read_as_its_first_frame_with_a_warning(form: str) -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in COLOURS]
    options = {"lossless": True} if form == "WEBP" else {}
    data = encoded(frames[0], form, save_all=True, append_images=frames[1:], duration=100, **options)
    with open_pages(data, Limits()) as pages:
        assert pages.page_total == 1
        assert pages.warnings == ("only the first frame of the animation was read",)
        assert tuple(pages.decode(0).pixels[0, 0, ::-1]) == COLOURS[0]


def test_the_second_view_in_a_camera_file_is_passed_over_in_silence() -> None:
    frames = [Image.new("RGB", (8, 8), colour) for colour in COLOURS]
    data = encoded(frames[0], "MPO", save_all=True, append_images=frames[1:])
    with open_pages(data, Limits()) as pages:
        assert (pages.media_type, pages.page_total, pages.warnings) == ("image/jpeg", 1, ())
        assert pages.decode(0).pixels[0, 0, 2] > 250


def test_pillow_is_left_as_it_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 7)
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    all_pages(encoded(Image.new("RGB", (9, 9))))
    with pytest.raises(DocumentError):
        all_pages(png(5, 5))
    assert (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES) == (7, True)


def test_no_message_repeats_what_the_document_says() -> None:
    secret = b"account 0815"
    for data in (secret, png(5, 5, before=chunk(b"tEXt", b"k\x00" + secret)), b"%PDF-1.7\n" + secret):
        with pytest.raises(DocumentError) as caught:
            all_pages(data)
        assert "0815" not in str(caught.value)
