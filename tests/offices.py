"""Two inboxes and their ledger as a daemon left them, for those who only look."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from builders import a_reading
from configurations import write_configuration
from folders import put
from ledgers import TEXT
from ocr_inbox.chronicle import Chronicle
from ocr_inbox.database import Database
from ocr_inbox.dossier import Dossier, gathered
from ocr_inbox.errors import UnreadableDocumentError
from ocr_inbox.explanation import Explanation, explained
from ocr_inbox.ledger import Ledger
from ocr_inbox.lookup import meant_by
from ocr_inbox.model import Arrival, Document, Job, Signature
from ocr_inbox.options import rules_of
from ocr_inbox.pipelines import plans
from ocr_inbox.places import place_of
from ocr_inbox.routing import route
from ocr_inbox.settings import Settings, load_settings
from ocr_inbox.sidecar import Provenance, render, render_failure

KEY = "text/scan.png"


@dataclass
class Office:
    """Two inboxes, their ledger, and what a daemon would have done so far; none runs."""

    folder: Path
    settings: Settings
    ledger: Ledger
    chronicle: Chronicle

    @property
    def scans(self) -> Path:
        return self.folder / "scans"

    def noted(self, key: str = KEY, *, inbox: str = "scans") -> Job:
        path = self.folder / inbox / key
        status = (path if path.exists() else put(self.folder / inbox, key)).stat()
        document = Document(inbox=inbox, key=key, version=Signature.of(status).version)
        rules = next(rules_of(it) for it in self.settings.inboxes if it.name == inbox)
        (job,) = self.ledger.enqueue([(Arrival(document=document, size=status.st_size), route(key, rules))])
        return job

    def claimed(self, key: str = KEY, *, inbox: str = "scans") -> Job:
        job = self.noted(key, inbox=inbox)
        (claimed,) = self.ledger.claim(TEXT, "lane", 1)
        assert claimed.id == job.id
        return claimed

    def read(self, key: str = KEY, *, inbox: str = "scans") -> Job:
        """Its sidecar lies there, and the document where its inbox wants it."""
        job, place = self.claimed(key, inbox=inbox), place_of(self.settings, inbox)
        assert place is not None
        reading = replace(a_reading(), sha256=place.sha256(key) or "")
        sidecar = place.inbox.deliver(job.document, render(job, reading, self.provenance(job)))
        self.ledger.note_sidecar(job, sidecar, 1)
        place.inbox.archive(job.document)
        self.ledger.finish(job)
        return job

    def buried(self, key: str = KEY, *, inbox: str = "scans") -> Job:
        job, place, error = (
            self.claimed(key, inbox=inbox),
            place_of(self.settings, inbox),
            UnreadableDocumentError("why"),
        )
        assert place is not None
        place.inbox.deliver(job.document, render_failure(job, error, self.provenance(job)))
        place.inbox.reject(job.document)
        self.ledger.bury(job, error.code, str(error))
        return job

    def provenance(self, job: Job) -> Provenance:
        (plan,) = plans(self.settings)
        return Provenance(uri="file:///", config_digest=plan.habits.digest(job.assignment.outputs), now=time.time())

    def dossier(self, asked: str | Path, *, runs: bool = True, health: Any = None, inbox: str | None = None) -> Dossier:
        meant = meant_by(self.settings, self.chronicle, str(asked), inbox)
        return gathered(self.settings, self.chronicle, meant, runs=runs, health=health)

    def why(self, asked: str | Path, *, runs: bool = True, health: Any = None) -> Explanation:
        return explained(self.dossier(asked, runs=runs, health=health))


@contextmanager
def an_office(folder: Path) -> Iterator[Office]:
    """What is read stays where it is in `scans`, and is moved in `shelf`."""
    scans = {"name": "scans", "folder": "scans", "settle_seconds": 0, "reconcile_seconds": 60}
    shelf = {"name": "shelf", "folder": "shelf", "after": "archive", "after_failure": "move"}
    write_configuration(folder / "ocr-inbox.toml", 0, inboxes=[scans, shelf])
    settings = load_settings(folder / "ocr-inbox.toml")
    with Database(folder / "ledger.sqlite") as database:
        yield Office(folder, settings, Ledger(database, time.time), Chronicle(database))
