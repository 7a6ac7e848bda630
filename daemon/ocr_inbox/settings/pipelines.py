"""How each pipeline reads, and how its readers are kept."""

from typing import Annotated, Literal

from pydantic import Field, model_validator
from typing_extensions import Self

from ocr_inbox.settings.section import Count, Limit, Section

Device = Annotated[str, Field(pattern=r"^(auto|cpu|gpu:\d+)$")]

_SIZES = {"PP-OCRv5": ("mobile", "server"), "PP-OCRv6": ("small", "tiny", "medium")}
_BUNDLED = {"PP-OCRv5": ("mobile",), "PP-OCRv6": ("small", "tiny")}


class ReaderSettings(Section):
    """What all pipelines have."""

    enabled: bool = True
    preload: bool = False
    readers: Annotated[int, Field(ge=0, le=256)] = 0
    threads: Annotated[int, Field(ge=0, le=256)] = 0
    batch: Annotated[int, Field(ge=1, le=256)] = 1
    window_pages: Annotated[int, Field(ge=1, le=1000)] = 4
    start_seconds: Limit = 300.0
    page_seconds: Limit = 120.0
    most_documents: Count = 1000
    most_rss_mb: Annotated[int, Field(ge=256)] = 4096


class LineSettings(ReaderSettings):
    """What the pipelines have that read lines with PP-OCR models on this machine."""

    model: Literal["PP-OCRv5", "PP-OCRv6"] = "PP-OCRv5"
    size: str = ""
    engine: Literal["onnxruntime", "paddle"] = "onnxruntime"
    device: Device = "auto"

    @property
    def model_size(self) -> str:
        """The size, or the smallest that the family is known for."""
        return self.size or _SIZES[self.model][0]

    @model_validator(mode="after")
    def _known_size(self) -> Self:
        if self.model_size not in _SIZES[self.model]:
            raise ValueError(f"{self.model} comes in the sizes {', '.join(_SIZES[self.model])}, not {self.size}")
        return self

    def wants_more_than_bundled(self) -> str | None:
        """What the bundled models do not offer, if anything; they are for onnxruntime."""
        if self.model_size not in _BUNDLED[self.model]:
            return f"{self.model} {self.model_size}"
        return 'engine = "paddle"' if self.engine == "paddle" else None


class TextSettings(LineSettings):
    """The text pipeline."""

    preload: bool = True
    language: str | None = None
    pdf_text: Literal["ocr", "embedded", "auto"] = "ocr"
    line_orientation: bool = True
    page_orientation: bool = False
    unwarping: bool = False
    detection_side: Annotated[int, Field(ge=32, le=10000)] | None = None
    detection_limit: Literal["min", "max"] | None = None
    least_score: Annotated[float, Field(ge=0, le=1)] = 0.0

    def wants_more_than_bundled(self) -> str | None:
        """What the bundled models do not offer, if anything."""
        if self.language:
            return f"language = {self.language!r}"
        return "unwarping = true" if self.unwarping else super().wants_more_than_bundled()


class TableSettings(LineSettings):
    """The table pipeline."""

    formulas: bool = False
    seals: bool = False
    charts: bool = False
    regions: bool = False

    def wants_more_than_bundled(self) -> str | None:
        """What the bundled models do not offer, if anything."""
        parts = ("formulas", "seals", "charts", "regions")
        wanted = next((part for part in parts if getattr(self, part)), None)
        return f"{wanted} = true" if wanted else super().wants_more_than_bundled()


class DocumentSettings(ReaderSettings):
    """The document pipeline."""

    version: Literal["v1", "v1.5", "v1.6"] = "v1.6"
    server_url: Annotated[str, Field(pattern=r"^https?://.+/v1$")] = "http://127.0.0.1:8118/v1"
    served_model: str | None = None
    layout: Literal["auto", "on", "off"] = "auto"
    max_new_tokens: Annotated[int, Field(ge=16, le=131_072)] = 4096
    requests: Annotated[int, Field(ge=1, le=1024)] = 16
    engine: Literal["onnxruntime", "paddle"] = "onnxruntime"
    device: Device = "auto"
    look_seconds: Annotated[float, Field(ge=0.1, le=10)] = 2.0
    fallback: Literal["table", "none"] = "none"


class PipelineSettings(Section):
    """How each pipeline reads."""

    text: TextSettings = Field(default_factory=TextSettings)
    table: TableSettings = Field(default_factory=TableSettings)
    document: DocumentSettings = Field(default_factory=DocumentSettings)
