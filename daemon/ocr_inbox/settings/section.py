"""What all sections of the configuration have in common."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

WEEK = 7 * 86400
Seconds = Annotated[float, Field(ge=0, le=WEEK)]
Limit = Annotated[float, Field(gt=0, le=WEEK)]
Count = Annotated[int, Field(ge=1)]


class Section(BaseModel):
    """Knows its keys and takes no others."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)
