"""Windows of a document that were read already, kept in the ledger until its sidecar is there."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from threading import Lock

from pydantic import TypeAdapter, ValidationError

from ocr_inbox.ledger import Ledger
from ocr_inbox.model import Job
from ocr_inbox.reading import Reading

_READING = TypeAdapter(Reading)


def kept_windows(ledger: Ledger, job: Job, config_digest: str) -> dict[int, Reading]:
    """What an earlier attempt read under the same configuration, by first page; what is damaged is not there."""
    if job.attempts <= 1:
        return {}
    kept = {}
    for first_page, content in ledger.windows(job, config_digest).items():
        try:
            kept[first_page] = _READING.validate_json(content)
        except ValidationError:
            continue
    return kept


@dataclass
class Progress:
    """Remembers how many pages of a job are read; `note` may be called from several threads."""

    ledger: Ledger
    job: Job
    config_digest: str
    done: int
    _lock: Lock = field(default_factory=Lock)

    @classmethod
    def after(cls, ledger: Ledger, job: Job, config_digest: str, kept: Mapping[int, Reading]) -> "Progress":
        """The progress of a job of which these windows are kept already."""
        return cls(ledger, job, config_digest, sum(_pages(reading) for reading in kept.values()))

    def note(self, first_page: int, reading: Reading) -> None:
        """This window is read: keep it. Raises LedgerUnavailableError and LostClaimError."""
        with self._lock:
            self.ledger.note_window(
                self.job,
                first_page,
                self.config_digest,
                _READING.dump_json(reading),
                done=self.done + _pages(reading),
                total=reading.page_total,
            )
            self.done += _pages(reading)


def _pages(reading: Reading) -> int:
    return len(reading.pages) + len(reading.failed)
