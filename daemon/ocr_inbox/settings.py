"""The picture of the configuration file; what cannot work is refused before anything starts."""

import ipaddress
import os
import re
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator
from typing_extensions import Self

from ocr_inbox.errors import ConfigurationError
from ocr_inbox.model import Output, PipelineName

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

Seconds = Annotated[float, Field(ge=0, le=7 * 86400)]
Count = Annotated[int, Field(ge=1)]
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class RuleSettings(_Section):
    """Which files a pipeline reads."""

    match: str = Field(min_length=1)
    pipeline: PipelineName
    priority: Literal["high", "normal", "low"] = "normal"
    outputs: tuple[Output, ...] = (Output.JSON,)

    @field_validator("outputs")
    @classmethod
    def _always_json(cls, outputs: tuple[Output, ...]) -> tuple[Output, ...]:
        return tuple(output for output in Output if output in {Output.JSON, *outputs})


class InboxSettings(_Section):
    """A folder that is watched."""

    name: str
    folder: Path
    create: bool = False
    recursive: bool = True
    watch: Literal["auto", "events", "poll"] = "auto"
    settle_seconds: Seconds = 2.0
    reconcile_seconds: Annotated[float, Field(ge=1)] = 60.0
    poll_seconds: Annotated[float, Field(ge=0.2)] = 5.0
    after: Literal["leave", "archive", "delete"] = "leave"
    archive: Path | None = None
    after_failure: Literal["leave", "move"] = "leave"
    failed: Path | None = None
    rules: tuple[RuleSettings, ...] = ()

    @field_validator("name")
    @classmethod
    def _plain_name(cls, name: str) -> str:
        if not _NAME.fullmatch(name) or name == "uploads":
            raise ValueError("use lower-case letters, digits, - and _ (and not uploads, which is built in)")
        return name

    @property
    def archive_folder(self) -> Path:
        """Where documents go that were read."""
        return self.archive or self.folder / "archive"

    @property
    def failed_folder(self) -> Path:
        """Where documents go that were buried."""
        return self.failed or self.folder / "failed"

    def targets(self) -> tuple[Path, ...]:
        """The folders that this inbox moves documents into."""
        archive = (self.archive_folder,) if self.after == "archive" else ()
        failed = (self.failed_folder,) if self.after_failure == "move" else ()
        return archive + failed


class ApiSettings(_Section):
    """The HTTP interface."""

    enabled: bool = True
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8090
    keys: tuple[str, ...] = ()
    key_file: Path | None = None
    allow_anonymous: bool = False
    cors_origins: tuple[str, ...] = ()
    max_upload_mb: Annotated[float, Field(gt=0)] = 10.0
    max_waiting: Count = 100
    timeout_seconds: Annotated[float, Field(gt=0)] = 120.0
    upload_timeout_seconds: Annotated[float, Field(gt=0)] = 60.0
    keep_results_hours: Annotated[float, Field(gt=0)] = 24.0

    @model_validator(mode="after")
    def _guarded(self) -> Self:
        if not (_is_loopback(self.host) or self.keys or self.key_file or self.allow_anonymous):
            raise ValueError(
                f"host {self.host} is open to the network, but there is no key; "
                "set key_file (or keys), or allow_anonymous = true on a network you trust"
            )
        return self


class LimitSettings(_Section):
    """What a document may cost; over these it is refused before it is decoded."""

    max_mb: Annotated[float, Field(gt=0)] = 256.0
    max_megapixels: Annotated[float, Field(gt=0)] = 100.0
    max_pages: Count = 2000
    pdf_dpi: Annotated[int, Field(ge=36, le=1200)] = 200


class RetrySettings(_Section):
    """How patient the daemon is."""

    attempts: Annotated[int, Field(ge=1, le=100)] = 3
    first_delay_seconds: Seconds = 5.0
    longest_delay_seconds: Seconds = 600.0
    put_off_seconds: Annotated[float, Field(ge=0.1)] = 15.0


class ModelSettings(_Section):
    """Where models come from."""

    source: Literal["bundled", "official"] = "bundled"
    folder: Path | None = None

    @property
    def cache(self) -> Path:
        """The folder of the bundled models."""
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        return self.folder or cache / "ocr-inbox" / "models"


_SIZES = {"PP-OCRv5": ("mobile", "server"), "PP-OCRv6": ("small", "tiny", "medium")}
_BUNDLED = {"PP-OCRv5": ("mobile",), "PP-OCRv6": ("small", "tiny")}


class TextSettings(_Section):
    """The text pipeline."""

    model: Literal["PP-OCRv5", "PP-OCRv6"] = "PP-OCRv5"
    size: str = ""
    engine: Literal["onnxruntime", "paddle"] = "onnxruntime"
    device: Annotated[str, Field(pattern=r"^(auto|cpu|gpu:\d+)$")] = "auto"
    language: str | None = None
    line_orientation: bool = True
    page_orientation: bool = False
    unwarping: bool = False
    detection_side: Annotated[int, Field(ge=32, le=10000)] | None = None
    detection_limit: Literal["min", "max"] | None = None
    least_score: Annotated[float, Field(ge=0, le=1)] = 0.0
    readers: Annotated[int, Field(ge=0, le=256)] = 0
    threads: Annotated[int, Field(ge=0, le=256)] = 0
    batch: Annotated[int, Field(ge=1, le=256)] = 1
    window_pages: Annotated[int, Field(ge=1, le=1000)] = 4
    start_seconds: Annotated[float, Field(gt=0)] = 300.0
    page_seconds: Annotated[float, Field(gt=0)] = 120.0
    most_documents: Count = 1000
    most_rss_mb: Annotated[int, Field(ge=256)] = 4096

    @property
    def model_size(self) -> str:
        """The size, or the smallest that the family is known for."""
        return self.size or _SIZES[self.model][0]

    @model_validator(mode="after")
    def _known_size(self) -> Self:
        if self.model_size not in _SIZES[self.model]:
            raise ValueError(f"{self.model} comes in the sizes {', '.join(_SIZES[self.model])}, not {self.size}")
        return self


class PipelineSettings(_Section):
    """How each pipeline reads."""

    text: TextSettings = Field(default_factory=TextSettings)


class Settings(_Section):
    """The whole configuration."""

    state_dir: Path
    inboxes: tuple[InboxSettings, ...] = ()
    api: ApiSettings = Field(default_factory=ApiSettings)
    limits: LimitSettings = Field(default_factory=LimitSettings)
    retry: RetrySettings = Field(default_factory=RetrySettings)
    models: ModelSettings = Field(default_factory=ModelSettings)
    pipelines: PipelineSettings = Field(default_factory=PipelineSettings)
    grace_seconds: Seconds = 20.0
    log_level: Literal["debug", "info", "warning", "error"] = "info"

    @model_validator(mode="after")
    def _bundled_models_suffice(self) -> Self:
        text = self.pipelines.text
        if self.models.source == "official":
            return self
        if text.model_size not in _BUNDLED[text.model] or text.language or text.unwarping or text.engine == "paddle":
            raise ValueError(
                f"pipelines.text asks for {text.model} {text.model_size}, engine {text.engine}, "
                f"language {text.language}, unwarping {text.unwarping}: the bundled models are PP-OCRv5 mobile and "
                'PP-OCRv6 small or tiny for onnxruntime; set models.source = "official" to let PaddleOCR fetch others'
            )
        return self

    @model_validator(mode="after")
    def _no_loops(self) -> Self:
        _demand_unique("name", [inbox.name for inbox in self.inboxes])
        for inbox in self.inboxes:
            _demand_apart(inbox, self.inboxes)
            if _within(self.state_dir, inbox.folder) or _within(inbox.folder, self.state_dir):
                raise ValueError(f"state_dir {self.state_dir} and the folder of inbox {inbox.name} must lie apart")
        return self


def load_settings(path: Path) -> Settings:
    """Read a configuration file; relative paths in it are relative to its folder.

    Raises ConfigurationError with every problem and where it stands.
    """
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigurationError(f"cannot read the configuration {path}: {error}") from error
    try:
        return Settings.model_validate(_anchored(content, path.resolve().parent))
    except ValidationError as error:
        problems = "\n".join(_problem(line["loc"], line["msg"]) for line in error.errors(include_url=False))
        raise ConfigurationError(f"cannot use the configuration {path}:\n{problems}") from error


def _problem(location: tuple[int | str, ...], message: str) -> str:
    where = ".".join(str(part) for part in location) or "the whole"
    hint = {"Extra inputs are not permitted": "unknown key; see configs/ocr-inbox.toml for all of them"}
    return f"  {where}: {hint.get(message, message.removeprefix('Value error, '))}"


_PATH_KEYS = frozenset({"state_dir", "folder", "archive", "failed", "key_file"})


def _anchored(content: Any, folder: Path, key: str = "") -> Any:
    """The same tree with absolute paths: ~ is the user's home, everything else relative to `folder`."""
    if isinstance(content, dict):
        return {name: _anchored(value, folder, name) for name, value in content.items()}
    if isinstance(content, list):
        return [_anchored(value, folder, key) for value in content]
    if key in _PATH_KEYS and isinstance(content, str):
        return os.path.normpath(folder / Path(os.path.expandvars(content)).expanduser())
    return content


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _within(path: Path, folder: Path) -> bool:
    return path.resolve().is_relative_to(folder.resolve())


def _demand_unique(what: str, values: list[str]) -> None:
    for value in values:
        if values.count(value) > 1:
            raise ValueError(f"two inboxes have the {what} {value}")


def _demand_apart(inbox: InboxSettings, inboxes: tuple[InboxSettings, ...]) -> None:
    for target in inbox.targets():
        if _within(inbox.folder, target):
            raise ValueError(f"inbox {inbox.name}: {target} must not be the inbox or lie above it")
    for other in inboxes:
        if other is not inbox:
            _demand_no_overlap(inbox, other)


def _demand_no_overlap(inbox: InboxSettings, other: InboxSettings) -> None:
    if other.folder.resolve() == inbox.folder.resolve():
        raise ValueError(f"the inboxes {inbox.name} and {other.name} watch the same folder {inbox.folder}")
    if other.recursive and _within(inbox.folder, other.folder):
        raise ValueError(f"inbox {inbox.name} lies inside inbox {other.name}: each document would be read twice")
    for target in inbox.targets():
        if _within(target, other.folder):
            raise ValueError(f"inbox {inbox.name} moves documents to {target}, inside inbox {other.name}: a loop")
