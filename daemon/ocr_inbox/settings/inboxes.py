"""The folders that are watched, and what must not lie inside what."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator
from typing_extensions import Self

from ocr_inbox.model import Output, PipelineName
from ocr_inbox.settings.section import WEEK, Name, Seconds, Section


class RuleSettings(Section):
    """Which files a pipeline reads."""

    match: str = Field(min_length=1)
    pipeline: PipelineName
    priority: Literal["high", "normal", "low"] = "normal"
    outputs: tuple[Output, ...] = (Output.JSON,)
    fallback: Literal["table", "none"] | None = None

    @model_validator(mode="after")
    def _fallback_of_documents(self) -> Self:
        if self.fallback and self.pipeline is not PipelineName.DOCUMENT:
            raise ValueError(f"only the document pipeline has a fallback, not {self.pipeline.value}; leave it out")
        return self

    @field_validator("outputs")
    @classmethod
    def _always_json(cls, outputs: tuple[Output, ...]) -> tuple[Output, ...]:
        return tuple(output for output in Output if output in {Output.JSON, *outputs})


class InboxSettings(Section):
    """A folder that is watched."""

    name: Name
    folder: Path
    create: bool = False
    recursive: bool = True
    watch: Literal["auto", "events", "poll"] = "auto"
    settle_seconds: Seconds = 2.0
    reconcile_seconds: Annotated[float, Field(ge=1, le=WEEK)] = 60.0
    poll_seconds: Annotated[float, Field(ge=0.2, le=WEEK)] = 5.0
    after: Literal["leave", "archive", "delete"] = "leave"
    archive: Path | None = None
    after_failure: Literal["leave", "move"] = "leave"
    failed: Path | None = None
    rules: tuple[RuleSettings, ...] = ()

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


def demand_apart(inboxes: Sequence[InboxSettings], state_dir: Path) -> None:
    """Raises ValueError where a document would be read twice, or where it was moved to."""
    for inbox in inboxes:
        _demand_targets_outside(inbox)
        for other in inboxes:
            if other is not inbox:
                _demand_no_overlap(inbox, other)
        if _within(state_dir, inbox.folder) or _within(inbox.folder, state_dir):
            raise ValueError(f"state_dir {state_dir} and the folder of inbox {inbox.name} must lie apart")


def _demand_targets_outside(inbox: InboxSettings) -> None:
    for target in inbox.targets():
        if _within(inbox.folder, target):
            raise ValueError(f"inbox {inbox.name}: {target} must not be the inbox or lie above it")


def _demand_no_overlap(inbox: InboxSettings, other: InboxSettings) -> None:
    if _real(other.folder) == _real(inbox.folder):
        raise ValueError(f"the inboxes {inbox.name} and {other.name} watch the same folder {inbox.folder}")
    if other.recursive and _within(inbox.folder, other.folder):
        raise ValueError(f"inbox {inbox.name} lies inside inbox {other.name}: each document would be read twice")
    for target in inbox.targets():
        if _within(target, other.folder):
            raise ValueError(f"inbox {inbox.name} moves documents to {target}, inside inbox {other.name}: a loop")
        if _within(other.folder, target):
            raise ValueError(
                f"inbox {other.name} lies inside {target}, where inbox {inbox.name} moves documents: a loop"
            )


def _within(path: Path, folder: Path) -> bool:
    return _real(path).is_relative_to(_real(folder))


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))  # not resolve(), which raises RuntimeError for a link to itself
