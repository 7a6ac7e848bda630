"""Reading an image with PP-OCR, one at a time, each only once."""

import asyncio
import hashlib
from pathlib import Path

import numpy as np
from PIL import Image

from ocr_inbox.paddle.text import TextEngine, TextOptions

MODELS = ("PP-OCRv6_small_det", "PP-OCRv6_small_rec")


class Eyes:
    """PP-OCR, which is not thread-safe, and what it has read so far."""

    def __init__(self, models: Path) -> None:
        options = TextOptions(family="PP-OCRv6", size="small", device="cpu", models=models, line_orientation=False)
        self._engine = TextEngine(options)
        self._alone = asyncio.Lock()
        self._known: dict[str, list[str]] = {}

    async def lines(self, image: Image.Image) -> list[str]:
        """The lines on an RGB image, from top to bottom."""
        digest = hashlib.sha256(image.tobytes()).hexdigest()
        async with self._alone:
            if digest not in self._known:
                pixels = np.ascontiguousarray(np.asarray(image)[:, :, ::-1])
                page = await asyncio.to_thread(self._engine.read, 0, pixels)
                self._known[digest] = [region.text for region in page.regions]
            return self._known[digest]
