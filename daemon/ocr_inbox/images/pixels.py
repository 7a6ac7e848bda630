"""Whatever Pillow decoded, as upright 8-bit BGR on white paper."""

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms
from PIL.TiffImagePlugin import TiffImageFile

from ocr_inbox.images.directories import orientation

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
_SIDEWAYS = (5, 6, 7, 8)
_STRIP_ROWS = 256
"""Converting a page in strips leaves one copy of it instead of three, and is five times as fast: a strip stays in
the processor's cache, and the memory it used is used again for the next."""


def upright_bgr(image: Image.Image) -> NDArray[np.uint8]:
    """The pixels of an opened image, height x width x 3, C-contiguous; its ICC profile is ignored.

    Raises whatever Pillow raises on damaged data.
    """
    image.load()
    turn = _UPRIGHT.get(_exif_orientation(image))
    # Pillow turns a TIFF by itself while it loads it.
    upright = image if turn is None or image.format == "TIFF" else image.transpose(turn)
    page = _common_mode(upright)
    pixels = np.empty((page.height, page.width, 3), dtype=np.uint8)
    for top in range(0, page.height, _STRIP_ROWS):
        strip = page.crop((0, top, page.width, min(top + _STRIP_ROWS, page.height)))
        swapped = _rgb(strip).tobytes("raw", "BGR")
        pixels[top : top + strip.height] = np.frombuffer(swapped, np.uint8).reshape(strip.height, strip.width, 3)
    return pixels


def upright_resolution(image: Image.Image) -> tuple[float, float] | None:
    """Dots per inch across and down the upright page, as an image that is not loaded yet says; else None."""
    try:
        across, down = (float(dots) for dots in image.info["dpi"])
    except (KeyError, TypeError, ValueError, ArithmeticError):
        return None
    turn = image.tag_v2.get(ExifTags.Base.Orientation) if isinstance(image, TiffImageFile) else _exif_orientation(image)
    return (down, across) if turn in _SIDEWAYS else (across, down)


def _exif_orientation(image: Image.Image) -> int:
    exif = image.info.get("exif")
    return orientation(exif) if isinstance(exif, bytes) else 1


def _common_mode(image: Image.Image) -> Image.Image:
    """The same page in a mode that `_rgb` can convert without seeing all of it."""
    if image.mode.startswith("I"):
        return _from_deep_grey(image)
    if image.mode == "F":
        return _from_float_grey(image)
    if image.mode == "LAB":
        return _from_lab(image)
    return image


def _rgb(image: Image.Image) -> Image.Image:
    """On white paper where it is transparent."""
    if not image.has_transparency_data:
        return image.convert("RGB")
    ink = image.convert("RGBA")
    paper = Image.new("RGB", image.size, "white")
    paper.paste(ink, mask=ink)
    return paper


def _from_deep_grey(image: Image.Image) -> Image.Image:
    """16 or 32 bits a pixel; the file does not say how many of them the scanner used.

    White is the largest number of as many bits as the brightest pixel needs, at least 8. So 10, 12, 14 and 16 bits
    all come out right, and an empty page is not stretched into noise, as it would be between its own extremes.
    """
    samples = np.asarray(image)
    depth = max(8, int(samples.max()).bit_length())
    grey = (samples.clip(min=0) >> (depth - 8)).astype(np.uint8)
    return Image.fromarray(grey)


def _from_float_grey(image: Image.Image) -> Image.Image:
    """Floats have no agreed white: the darkest finite pixel becomes black, the brightest white."""
    samples = np.array(image)
    finite = np.isfinite(samples)
    low, high = samples.min(where=finite, initial=np.inf), samples.max(where=finite, initial=-np.inf)
    if not low < high:
        return Image.new("L", image.size, "white")
    # In place: a page of floats is large, and a hostile one is as large as it may be.
    with np.errstate(all="ignore"):
        samples -= low
        samples *= 255 / (float(high) - float(low))
    np.nan_to_num(samples, copy=False, nan=0.0, posinf=255.0, neginf=0.0)
    return Image.fromarray(samples.clip(0, 255, out=samples).astype(np.uint8))


def _from_lab(image: Image.Image) -> Image.Image:
    lab, screen = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.applyTransform(image, ImageCms.buildTransform(lab, screen, "LAB", "RGB"))
    if converted is None:
        raise ValueError("cannot convert a LAB image: the transform gave nothing")
    return converted
