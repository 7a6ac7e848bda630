"""The text beside the weights: how PaddleX prepares a page for them and understands what comes out."""

from collections.abc import Sequence
from importlib.resources import files
from typing import Final

import yaml

from ocr_inbox.paddle.catalogue import Kind, Model

WRITES_SYMBOLS: Final = frozenset({Kind.RECOGNITION, Kind.TABLE_STRUCTURE})
"""The kinds whose output is a sequence of numbered characters or tokens."""


def inference_yml(model: Model, symbols: Sequence[str] = ()) -> str:
    """The `inference.yml` of a model folder; `symbols` are what the output numbers of its model stand for."""
    template = files("ocr_inbox.paddle") / "yml" / f"{model.kind.value}.yml"
    config = yaml.safe_load(template.read_text("utf-8"))
    config["Global"]["model_name"] = model.name
    if model.kind in WRITES_SYMBOLS:
        config["PostProcess"]["character_dict"] = list(symbols)
    text: str = yaml.safe_dump(config, sort_keys=False)  # in ASCII: unescaped, U+0085 would be a line break
    return text


def symbols_of(dictionary: str) -> tuple[str, ...]:
    """The symbols of a dictionary with one a line, as the weights' makers wrote it.

    PaddleX itself adds the CTC blank before and the space after them, so a dictionary
    that has them already loses them. A line is not stripped: U+3000 and ` colspan="2"` are symbols,
    and str.splitlines() would also cut at symbols such as U+2028.
    """
    lines = dictionary.replace("\r\n", "\n").removesuffix("\n").split("\n")
    if lines[0] == "blank":
        del lines[0]
    if lines[-1] == " ":
        del lines[-1]
    return tuple(lines)
