"""A PaddleOCR that reads files in a plain loop: their lines."""

import json
import logging
import sys
from pathlib import Path

import paddleocr  # noqa: F401 - it sets its log level when it is imported, and the next word is ours
from answering import answer

from ocr_inbox.paddle.text import TextEngine, TextOptions

logging.getLogger("paddlex").setLevel(logging.ERROR)
arguments = json.loads(sys.argv[1])
engine = TextEngine(TextOptions(**{**arguments, "models": Path(arguments["models"])}))
pipeline = engine._pipeline  # noqa: SLF001 - constructed as the daemon does it, used without the daemon


def _lines(path: str) -> list[str]:
    (result,) = pipeline.predict(path)
    return list(result["rec_texts"])


answer(_lines)
