"""What a lane meets when it opens its readers is told to all who wait for them, and taken back when it is over."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from lanes import ScriptedReaders, Site
from ledgers import TEXT
from ocr_inbox.chronicle import Chronicle
from ocr_inbox.dispatch import Lane
from ocr_inbox.errors import ModelsMissingError, PipelineUnavailableError
from ocr_inbox.model import JobState
from ocr_inbox.ports import Outcome
from ocr_inbox.reading import Window

pytestmark = pytest.mark.timeout(30)

MISSING = "cannot load PP-OCRv5: run ocr-inbox models pull"


@dataclass
class WatchedReaders(ScriptedReaders):
    """Notes what a waiting job says whenever they are opened, and when they read."""

    chronicle: Chronicle | None = None
    said: list[str | None] = field(default_factory=list)

    def open(self) -> None:
        self.listen()
        super().open()

    def read(self, batch: Sequence[Window]) -> Sequence[Outcome]:
        self.listen()
        return super().read(batch)

    def listen(self) -> None:
        assert self.chronicle is not None
        self.said.append(self.chronicle.job(2).code)


def test_all_jobs_say_what_is_in_the_way_until_a_reader_stands_ready(site: Site, chronicle: Chronicle) -> None:
    readers = WatchedReaders(obstacles=[ModelsMissingError(MISSING), PipelineUnavailableError("out of memory")])
    readers.chronicle, site.readers = chronicle, readers
    site.drop("a.png", "b.png")
    assert {job.state for job in site.serve(2)} == {JobState.DONE}
    assert readers.said[:4] == [None, "models_missing", "pipeline_unavailable", None]


def _refused(lane: Lane) -> None:
    with pytest.raises(PipelineUnavailableError):
        lane._claimed()


def test_lanes_of_one_pipeline_do_not_contradict_each_other_for_ever(site: Site, chronicle: Chronicle) -> None:
    """One cannot start its reader, another can: the jobs go on, and nobody says otherwise every few seconds."""
    (job,) = site.drop("a.png")
    unlucky = site.lane()
    reasons = (MISSING, MISSING, MISSING, "another")
    unlucky.readers = ScriptedReaders(obstacles=[ModelsMissingError(reason) for reason in reasons])
    _refused(unlucky)
    assert chronicle.job(job.id).reason == MISSING
    site.ledger.put_off(site.lane()._claimed()[0], "stopping", "why", not_before=0.0)
    for said in ("why", "why"):
        _refused(unlucky)
        assert chronicle.job(job.id).reason == said
    assert site.ledger.database.read("SELECT * FROM obstacles") == []
    _refused(unlucky)
    assert [row["reason"] for row in site.ledger.database.read("SELECT * FROM obstacles")] == ["another"]


def test_a_lane_that_nobody_needs_any_more_still_finds_out_that_it_is_over(site: Site, chronicle: Chronicle) -> None:
    site.eager = False
    site.readers.obstacles = [ModelsMissingError(MISSING)]
    lane = site.lane()
    site.drop("a.png")
    _refused(lane)
    site.ledger.finish(site.ledger.claim(TEXT, "somebody else", 1)[0])
    assert lane._claimed() == []
    (later,) = site.drop("b.png")
    assert chronicle.job(later.id).code is None


def test_readers_that_are_not_needed_are_not_opened(site: Site) -> None:
    site.eager = False
    site.readers.obstacles = [ModelsMissingError(MISSING)]
    assert site.lane()._claimed() == []
