"""A lane that reads for another pipeline while the server of that is away."""

from dataclasses import dataclass

import pytest

from builders import an_assignment
from folders import document_at, put
from lanes import ScriptedReaders, Site
from ledgers import TEXT
from ocr_inbox.chronicle import Chronicle
from ocr_inbox.model import Absence, Arrival, Job, JobState, PipelineName

pytestmark = pytest.mark.timeout(30)

DOCUMENT = PipelineName.DOCUMENT
AWAY = Absence(pipeline=DOCUMENT, reason="nobody answers")


def _document(site: Site, key: str) -> Job:
    """A document whose fallback is the lane's pipeline."""
    put(site.root, key, b"pixels")
    arrival = Arrival(document=document_at(site.root, key), size=1)
    (job,) = site.ledger.enqueue([(arrival, an_assignment(DOCUMENT, fallback=TEXT))])
    return job


def test_a_document_is_read_by_the_lane_of_its_fallback_and_says_so(site: Site) -> None:
    site.absence = AWAY
    _document(site, "a.png")
    (job,) = site.serve()
    sidecar = site.sidecar("a.png")
    assert (job.state, job.attempts, job.read_by) == (JobState.DONE, 1, TEXT)
    assert (sidecar["pipeline"], sidecar["metrics"]["source"]) == ("vl", "local")
    assert sidecar["engine"]["config_digest"] == site.config_digest
    assert "nobody answers" in sidecar["warnings"][0]


@dataclass
class SlowReaders(ScriptedReaders):
    """When they are open, the server of the others is back."""

    site: Site | None = None

    def open(self) -> None:
        assert self.site is not None
        self.site.absence = None


def test_an_absence_that_ends_while_the_engine_is_loaded_diverts_nothing(site: Site, chronicle: Chronicle) -> None:
    site.absence, site.eager, site.readers = AWAY, False, SlowReaders(site=site)
    job = _document(site, "a.png")
    site.drop("b.png")
    (served,) = site.serve()
    assert served.document.key == "b.png"
    assert chronicle.job(job.id).state is JobState.WAITING


def test_a_document_that_was_diverted_is_not_read_again_by_the_same_fallback(site: Site) -> None:
    """As where the ledger was lost."""
    site.absence = AWAY
    _document(site, "a.png")
    site.serve()
    before, site.clock.now = site.sidecar("a.png"), 2000.0
    with site.ledger.database.transaction() as connection:
        connection.execute("DELETE FROM jobs")
    _document(site, "a.png")
    (job,) = site.serve()
    assert (job.state, site.readers.asked[-1].known_sha256) == (JobState.DONE, before["source"]["sha256"])
    assert site.sidecar("a.png") == before
