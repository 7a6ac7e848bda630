"""A PPStructureV3 that reads files in a plain loop: their tables as HTML."""

import json
import logging
import sys
from pathlib import Path

import paddleocr  # noqa: F401 - it sets its log level when it is imported, and the next word is ours
from answering import answer

from ocr_inbox.paddle.table import TableEngine, TableOptions

logging.getLogger("paddlex").setLevel(logging.ERROR)
arguments = json.loads(sys.argv[1])
engine = TableEngine(TableOptions(**{**arguments, "models": Path(arguments["models"])}))
pipeline = engine._pipeline  # noqa: SLF001 - constructed as the daemon does it, used without the daemon


def _tables(path: str) -> list[str]:
    (result,) = pipeline.predict(path, use_table_orientation_classify=False, use_ocr_results_with_table_cells=False)
    return [table["pred_html"] for table in result["table_res_list"]]


answer(_tables)
