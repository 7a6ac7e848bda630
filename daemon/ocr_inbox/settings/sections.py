"""All other sections, and the whole."""

import ipaddress
import os
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator
from typing_extensions import Self

from ocr_inbox.settings.buckets import BucketSettings, StoreSettings, demand_stores
from ocr_inbox.settings.inboxes import InboxSettings, demand_apart
from ocr_inbox.settings.pipelines import PipelineSettings
from ocr_inbox.settings.section import WEEK, Count, Limit, Seconds, Section, demand_names_apart


class ApiSettings(Section):
    """The HTTP interface."""

    enabled: bool = True
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8090
    keys: tuple[Annotated[str, Field(min_length=1)], ...] = ()
    key_file: Path | None = None
    allow_anonymous: bool = False
    event_key_file: Path | None = None
    cors_origins: tuple[str, ...] = ()
    max_upload_mb: Annotated[float, Field(gt=0)] = 10.0
    max_batch_files: Annotated[int, Field(ge=1, le=1000)] = 20
    max_batch_mb: Annotated[float, Field(gt=0)] = 100.0
    max_waiting: Count = 100
    timeout_seconds: Limit = 120.0
    upload_timeout_seconds: Limit = 60.0
    keep_results_hours: Annotated[float, Field(gt=0)] = 24.0

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        self.demand_guard(self.host)
        return self

    def demand_guard(self, host: str) -> None:
        """Raises ValueError where the network could use the API at this address without a key."""
        if not (is_loopback(host) or self.keys or self.key_file or self.allow_anonymous):
            raise ValueError(
                f"host {host} is open to the network, but there is no key; "
                "set key_file (or keys), or allow_anonymous = true on a network you trust"
            )

    @model_validator(mode="after")
    def _largest_batch_fits(self) -> Self:
        if self.max_batch_files > self.max_waiting:
            raise ValueError(
                f"max_batch_files = {self.max_batch_files} is more than max_waiting = {self.max_waiting}: such a batch "
                "would be refused for ever; lower the one or raise the other"
            )
        return self


class LimitSettings(Section):
    """What a document may cost; over these it is refused before it is decoded."""

    max_mb: Annotated[float, Field(gt=0)] = 256.0
    max_megapixels: Annotated[float, Field(gt=0)] = 100.0
    max_pages: Count = 2000
    pdf_dpi: Annotated[int, Field(ge=36, le=1200)] = 200


class RetrySettings(Section):
    """How patient the daemon is."""

    attempts: Annotated[int, Field(ge=1, le=100)] = 3
    first_delay_seconds: Seconds = 5.0
    longest_delay_seconds: Seconds = 600.0
    put_off_seconds: Annotated[float, Field(ge=0.1, le=WEEK)] = 15.0


class ModelSettings(Section):
    """Where models come from."""

    source: Literal["bundled", "official"] = "bundled"
    folder: Path | None = None

    @property
    def cache(self) -> Path:
        """The folder of the bundled models."""
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return self.folder or cache / "ocr-inbox" / "models"


class Settings(Section):
    """The whole configuration."""

    state_dir: Path
    inboxes: tuple[InboxSettings, ...] = ()
    stores: tuple[StoreSettings, ...] = ()
    buckets: tuple[BucketSettings, ...] = ()
    api: ApiSettings = Field(default_factory=ApiSettings)
    limits: LimitSettings = Field(default_factory=LimitSettings)
    retry: RetrySettings = Field(default_factory=RetrySettings)
    models: ModelSettings = Field(default_factory=ModelSettings)
    pipelines: PipelineSettings = Field(default_factory=PipelineSettings)
    grace_seconds: Seconds = 20.0
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @property
    def watched(self) -> tuple[InboxSettings | BucketSettings, ...]:
        """All inboxes, be they folders or buckets."""
        return (*self.inboxes, *self.buckets)

    @model_validator(mode="after")
    def _bundled_models_suffice(self) -> Self:
        if self.models.source == "official":
            return self
        for name, pipeline in (("text", self.pipelines.text), ("table", self.pipelines.table)):
            wanted = pipeline.wants_more_than_bundled()
            if wanted and pipeline.enabled:
                raise ValueError(
                    f"pipelines.{name} asks for {wanted}: the bundled models are PP-OCRv5 mobile and PP-OCRv6 small or "
                    'tiny for onnxruntime; set models.source = "official" to let PaddleOCR fetch others'
                )
        return self

    @model_validator(mode="after")
    def _fallbacks_are_there(self) -> Self:
        if self.pipelines.table.enabled:
            return self
        places = {"pipelines.document": self.pipelines.document.fallback} | {
            f"inbox {inbox.name}, rule {rule.match}": rule.fallback for inbox in self.watched for rule in inbox.rules
        }
        wanting = next((place for place, fallback in places.items() if fallback == "table"), None)
        if wanting:
            raise ValueError(
                f'{wanting}: fallback = "table" needs the table pipeline; set pipelines.table.enabled = true'
            )
        return self

    @model_validator(mode="after")
    def _no_loops(self) -> Self:
        demand_apart(self.inboxes, self.state_dir)
        demand_stores(self.buckets, self.stores)
        if any(bucket.events == "webhook" for bucket in self.buckets) and self.api.event_key_file is None:
            raise ValueError('events = "webhook" needs api.event_key_file: what stores must say when they post events')
        demand_names_apart([inbox.name for inbox in self.watched], "inboxes")
        return self


def is_loopback(host: str) -> bool:
    """Whether only this machine can be meant."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
