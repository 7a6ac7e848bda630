"""A PaddleOCR that reads lists of files in a plain loop and prints the seconds of each page."""

import json
import logging
import sys
import time
from itertools import pairwise
from pathlib import Path

import paddleocr  # noqa: F401 - it sets its log level when it is imported, and the next word is ours

from ocr_inbox.paddle.text import TextEngine, TextOptions

logging.getLogger("paddlex").setLevel(logging.ERROR)
arguments = json.loads(sys.argv[1])
engine = TextEngine(TextOptions(**{**arguments, "models": Path(arguments["models"])}))
pipeline = engine._pipeline  # noqa: SLF001 - constructed as the daemon does it, used without the daemon
print('"ready"', flush=True)
for line in sys.stdin:
    marks = [time.monotonic()]
    for path in json.loads(line):
        pipeline.predict(path)
        marks.append(time.monotonic())
    print(json.dumps([after - before for before, after in pairwise(marks)]), flush=True)
