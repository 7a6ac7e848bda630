"""Every kind of pixel ends as upright 8-bit BGR on white paper; all forms used here keep the values exactly."""

import struct
import zlib
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from ocr_inbox.images import open_pages
from ocr_inbox.reading import Limits
from pages import encoded, tiff_of

# What a viewer does to show an image with that orientation upright; 6 and 8 undo each other.
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
UNDOING = {6: 8, 8: 6}


def bgr(data: bytes, index: int = 0) -> NDArray[np.uint8]:
    with open_pages(data, Limits()) as pages:
        return pages.decode(index).pixels


def greys(data: bytes) -> list[int]:
    """The first line of a grey page."""
    line = bgr(data)[0]
    assert (line[:, 0] == line[:, 1]).all()
    assert (line[:, 1] == line[:, 2]).all()
    return [int(value) for value in line[:, 0]]


def colours(data: bytes) -> list[tuple[int, ...]]:
    """The first line of a page, red first."""
    return [tuple(int(value) for value in pixel[::-1]) for pixel in bgr(data)[0]]


def quarters() -> Image.Image:
    """Four colours in an oblong, so that no turn leaves it as it was."""
    image = Image.new("RGB", (6, 4), (200, 10, 20))
    image.paste((10, 200, 30), (3, 0, 6, 2))
    image.paste((20, 30, 200), (0, 2, 3, 4))
    return image


def stored_as(orientation: int) -> Image.Image:
    undo = TURNS.get(UNDOING.get(orientation, orientation))
    return quarters() if undo is None else quarters().transpose(undo)


def exif(orientation: int) -> Image.Exif:
    block = Image.Exif()
    block[0x0112] = orientation
    return block


def png(width: int, height: int, depth: int, colour: int, content: bytes, *, before: bytes = b"") -> bytes:
    """A PNG with kinds of pixel that Pillow reads but does not write."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">LLBBBBB", width, height, depth, colour, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(content))
    return b"\x89PNG\r\n\x1a\n" + header + before + body + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("form", "options"),
    [("PNG", {}), ("WEBP", {"lossless": True}), ("TIFF", {}), ("TIFF", {"compression": "tiff_lzw"})],
)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_each_exif_orientation_comes_out_upright(form: str, options: dict[str, Any], orientation: int) -> None:
    data = encoded(stored_as(orientation), form, exif=exif(orientation), **options)
    assert bgr(data).tolist() == np.asarray(quarters())[:, :, ::-1].tolist()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_photograph_is_turned_too(orientation: int) -> None:
    stored = stored_as(orientation).resize(
        [16 * side for side in stored_as(orientation).size], Image.Resampling.NEAREST
    )
    pixels = bgr(encoded(stored, "JPEG", quality=95, exif=exif(orientation)))
    assert pixels.shape == (64, 96, 3)
    assert pixels[8, 8, 2] > 150
    assert pixels[8, 88, 1] > 150
    assert pixels[56, 8, 0] > 150


def test_each_frame_has_its_own_orientation() -> None:
    first, second = stored_as(1), stored_as(6)
    second.encoderinfo = {"exif": exif(6)}
    data = tiff_of([first, second])
    for index in (0, 1):
        assert bgr(data, index).tolist() == np.asarray(quarters())[:, :, ::-1].tolist()


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"Exif\x00\x00",
        b"Exif\x00\x00nonsense",
        b"Exif\x00\x00II*\x00\xff\xff\xff\xff",
        b"Exif\x00\x00II*\x00\x08\x00\x00\x00\xff\xff\x12\x01\x03",
        b"Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x63\x00\x00\x00\x00\x00\x00\x00",
    ],
)
def test_a_broken_exif_block_does_not_cost_the_page(block: bytes) -> None:
    for form, options in (("PNG", {}), ("WEBP", {"lossless": True})):
        data = encoded(quarters(), form, exif=block, **options)
        assert bgr(data).tolist() == np.asarray(quarters())[:, :, ::-1].tolist()


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        ([0, 257, 32_896, 65_535], [0, 1, 128, 255]),
        ([0, 16, 2_048, 4_095], [0, 1, 128, 255]),
        ([0, 4, 512, 1_023], [0, 1, 128, 255]),
        ([0, 1, 128, 255], [0, 1, 128, 255]),
        ([0, 1, 2, 3], [0, 1, 2, 3]),
    ],
)
def test_deep_grey_is_scaled_by_the_bits_it_uses(samples: list[int], expected: list[int]) -> None:
    """A scanner with 12 bits writes 16, and its white must not come out as dark grey."""
    assert greys(encoded(Image.fromarray(np.array([samples], np.uint16)), "TIFF")) == expected
    assert greys(encoded(Image.fromarray(np.array([samples], np.uint16)))) == expected
    big_endian = Image.frombytes("I;16B", (4, 1), np.array(samples, ">u2").tobytes())
    assert greys(encoded(big_endian, "TIFF")) == expected


def test_an_empty_deep_page_is_not_stretched_into_noise() -> None:
    grain = Image.fromarray(np.array([[65_000, 65_100, 65_535]], np.uint16))
    assert min(greys(encoded(grain, "TIFF"))) > 250


def test_32_bit_grey_is_scaled_like_16_and_below_nothing_is_black() -> None:
    deep = Image.fromarray(np.array([[-5, 0, 1 << 20, (1 << 21) - 1]], np.int32))
    assert greys(encoded(deep, "TIFF")) == [0, 0, 128, 255]


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        ([0, 0.5, 1], [0, 127, 255]),
        ([-10, 0, 10], [0, 127, 255]),
        ([float("nan"), 1, 3], [0, 0, 255]),
        ([float("-inf"), 0, 1, float("inf")], [0, 0, 255, 255]),
        ([-3e38, 0, 3e38], [0, 127, 255]),
        ([7, 7], [255, 255]),
        ([float("nan"), float("nan")], [255, 255]),
    ],
)
def test_floats_run_from_the_darkest_to_the_brightest(samples: list[float], expected: list[int]) -> None:
    assert greys(encoded(Image.fromarray(np.array([samples], np.float32)), "TIFF")) == expected


def test_16_bit_colours_are_scaled_and_not_clipped() -> None:
    assert colours(png(1, 1, 16, 2, b"\x00" + struct.pack(">3H", 0, 32_896, 65_535))) == [(0, 128, 255)]
    assert colours(png(1, 1, 16, 6, b"\x00" + struct.pack(">4H", 0, 0, 0, 0))) == [(255, 255, 255)]
    assert colours(png(1, 1, 16, 4, b"\x00" + struct.pack(">2H", 0, 65_535))) == [(0, 0, 0)]


def test_transparent_paper_is_white() -> None:
    expected = [(255, 255, 255), (10, 20, 30)]
    see_through = Image.frombytes("RGBA", (2, 1), bytes([0, 0, 0, 0, 10, 20, 30, 255]))
    for form, options in (("PNG", {}), ("TIFF", {}), ("WEBP", {"lossless": True})):
        assert colours(encoded(see_through, form, **options)) == expected
    assert (
        colours(encoded(Image.frombytes("RGB", (2, 1), bytes([0, 0, 0, 10, 20, 30])), transparency=(0, 0, 0)))
        == expected
    )
    assert greys(encoded(Image.frombytes("LA", (3, 1), bytes([0, 0, 0, 255, 100, 128])))) == [255, 0, 177]
    assert greys(encoded(Image.frombytes("L", (2, 1), bytes([0, 10])), transparency=0)) == [255, 10]


def test_palettes_with_and_without_transparency() -> None:
    image = Image.new("P", (3, 1))
    image.putpalette([255, 0, 0, 0, 255, 0, 0, 0, 255])
    image.putdata([0, 1, 2])
    red, green, blue, white = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
    assert colours(encoded(image)) == [red, green, blue]
    assert colours(encoded(image, "BMP")) == [red, green, blue]
    assert colours(encoded(image, "GIF", transparency=1)) == [red, white, blue]
    assert colours(encoded(image, transparency=1)) == [red, white, blue]
    assert colours(encoded(image, transparency=bytes([255, 128, 0]))) == [red, (127, 255, 127), white]


def test_bilevel_pages_are_black_and_white() -> None:
    bits = Image.fromarray(np.array([[0, 255]], np.uint8)).convert("1")
    for form, options in (("PNG", {}), ("BMP", {}), ("TIFF", {}), ("TIFF", {"compression": "group4"})):
        assert greys(encoded(bits, form, **options)) == [0, 255]


def test_printing_colours() -> None:
    inks = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    assert colours(encoded(inks, "TIFF"))[0] == (255, 0, 0)
    data = encoded(inks, "JPEG", quality=100)
    assert b"Adobe" in data
    # Files with Adobe's mark hold the inks inverted.
    assert colours(data)[0] == (255, 0, 0)


def test_luminance_and_chrominance() -> None:
    image = Image.new("RGB", (16, 16), (255, 0, 0)).convert("YCbCr")
    for form, options in (("TIFF", {"compression": "jpeg"}), ("JPEG", {})):
        assert np.abs(np.array(colours(encoded(image, form, **options))[0]) - (255, 0, 0)).max() <= 2


def test_lab_colours() -> None:
    screen, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    transform = ImageCms.buildTransform(screen, lab, "RGB", "LAB")
    image = ImageCms.applyTransform(Image.new("RGB", (4, 4), (200, 50, 30)), transform)
    assert image is not None
    assert np.abs(np.array(colours(encoded(image, "TIFF"))[0]) - (200, 50, 30)).max() <= 2


def test_a_colour_profile_changes_nothing() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for block in (profile, b"not a profile"):
        assert colours(encoded(quarters(), icc_profile=block)) == colours(encoded(quarters()))
