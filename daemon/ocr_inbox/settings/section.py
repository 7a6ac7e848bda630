"""What all sections of the configuration have in common."""

import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from ocr_inbox.model import UPLOADS

WEEK = 7 * 86400
Seconds = Annotated[float, Field(ge=0, le=WEEK)]
Limit = Annotated[float, Field(gt=0, le=WEEK)]
Count = Annotated[int, Field(ge=1)]

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


def _plain(name: str) -> str:
    if not _NAME.fullmatch(name) or name == UPLOADS:
        raise ValueError("use lower-case letters, digits, - and _ (and not uploads, which is built in)")
    return name


Name = Annotated[str, AfterValidator(_plain)]
"""Of an inbox or a store."""


def demand_names_apart(names: Sequence[str], kind: str) -> None:
    """Raises ValueError where two of these have the same name."""
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"two {kind} have the name {name}")


class Section(BaseModel):
    """Knows its keys and takes no others."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)
