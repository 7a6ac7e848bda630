"""The table structure model alone, given files of tables that are cut out already: their rows and cells as HTML."""

import json
import logging
import sys
from pathlib import Path

import paddleocr
from answering import answer

from ocr_inbox.paddle.devices import engine_arguments, resolve_device
from ocr_inbox.paddle.models import model_folder
from ocr_inbox.paddle.table import STRUCTURE_MODEL, TableOptions

logging.getLogger("paddlex").setLevel(logging.ERROR)
options = TableOptions(**json.loads(sys.argv[1]))
model = paddleocr.TableStructureRecognition(
    model_name=STRUCTURE_MODEL,
    model_dir=str(model_folder(Path(str(options.models)), STRUCTURE_MODEL)),
    **engine_arguments(options.engine, resolve_device(options.device, options.engine), options.threads),
)


def _structure(path: str) -> str:
    (result,) = model.predict(path)
    return "".join(result["structure"])


answer(_structure)
