"""What concerns a whole inbox is found out by one document after the other; what concerns one, by that alone."""

from pathlib import Path
from typing import Any

import pytest
import structlog.testing

from buckets import BucketSite, a_bucket_inbox, a_scan
from faults import mounted, needs_root
from folders import a_folder_inbox
from lanes import PATIENCE, Site
from ledgers import TEXT
from ocr_inbox.chronicle import Chronicle, Selection
from ocr_inbox.ledger import Ledger
from ocr_inbox.model import JobState
from running import eventually
from stores import Store, microburst, seaweedfs
from stores.microburst import Fault

pytestmark = pytest.mark.timeout(120)

KEYS = [f"{number}.png" for number in range(6)]


def _claims(chronicle: Chronicle) -> int:
    return sum(job.attempts for job in chronicle.jobs(Selection()))


@needs_root
def test_a_full_disk_holds_a_folder_until_one_of_its_documents_finds_room(site: Site, chronicle: Chronicle) -> None:
    with mounted("tmpfs", "none", site.root, "size=256k"), structlog.testing.capture_logs() as logs:
        site.inbox = a_folder_inbox(site.root)
        site.drop(*KEYS)
        ballast = site.root / "ballast.bin"
        with pytest.raises(OSError, match="No space"):
            ballast.write_bytes(bytes(1 << 20))
        site.serve()  # while the first is delivered, the next one may be read
        tried = _claims(chronicle)
        for more in (1, 2, 3):
            assert not site.ledger.due(TEXT)
            site.clock.now += PATIENCE.put_off_delay
            (job,) = site.serve()
            assert (job.state, job.code, _claims(chronicle)) == (JobState.WAITING, "inbox_unavailable", tried + more)
        assert {job.code for job in chronicle.jobs(Selection())} == {"inbox_unavailable"}
        ballast.unlink()
        site.clock.now += PATIENCE.put_off_delay
        assert {job.state for job in site.serve(len(KEYS))} == {JobState.DONE}
        assert (_claims(chronicle), chronicle.holds()) == (tried + 3 + len(KEYS), [])
    assert [line["inbox"] for line in logs if line["event"] == "inbox_held"] == ["scans"]


def test_a_folder_that_is_away_holds_its_documents_and_loses_none(site: Site, chronicle: Chronicle) -> None:
    site.drop(*KEYS)
    away = site.root.rename(site.root.with_name("away"))
    assert {(job.state, job.code) for job in site.serve()} == {(JobState.WAITING, "inbox_unavailable")}
    assert [hold.reason for hold in chronicle.holds()] == [
        "cannot use the document: the folder of its inbox does not exist; create or mount it"
    ]
    away.rename(site.root)
    site.clock.now += PATIENCE.put_off_delay
    assert {job.state for job in site.serve(len(KEYS))} == {JobState.DONE}


def test_what_a_share_held_that_was_unmounted_is_read_when_it_is_mounted_again(site: Site) -> None:
    """Its mount point is an empty folder meanwhile, and so everything seems to be gone."""
    site.drop(*KEYS)
    away = site.root.rename(site.root.with_name("away"))
    site.root.mkdir()
    assert {job.code for job in site.serve(len(KEYS))} == {"vanished"}
    site.root.rmdir()
    away.rename(site.root)
    site.note(*KEYS)  # as the next scan does
    assert {job.state for job in site.serve(len(KEYS))} == {JobState.DONE}


def test_what_is_in_the_way_of_one_file_is_in_the_way_of_no_other(site: Site, chronicle: Chronicle) -> None:
    site.drop(*KEYS)
    (site.root / "0.png.ocr.json/somebody's").mkdir(parents=True)
    jobs = {job.document.key: job.state for job in site.serve(len(KEYS))}
    assert jobs.pop("0.png") is JobState.WAITING
    assert set(jobs.values()) == {JobState.DONE}
    assert chronicle.holds() == []


@pytest.fixture
def faulty_site(bucket: Store, faulty_bucket: Store, ledger: Ledger, tmp_path: Path) -> BucketSite:
    """One whose store is behind a proxy that fails when it is told to."""
    return BucketSite(bucket, a_bucket_inbox(faulty_bucket.settings(tmp_path), bucket.bucket), ledger)


def _noted(site: BucketSite, count: int) -> None:
    for number in range(count):
        site.store.put(f"in/{number}.png", a_scan(number))


def test_a_store_that_is_away_is_asked_for_by_one_document_at_a_time(
    ledger: Ledger, chronicle: Chronicle, tmp_path: Path
) -> None:
    """Without that, each of them would be claimed some dozen times a second."""
    with seaweedfs.serving(tmp_path) as server:
        store = server.store.fresh()
        site = BucketSite(store, a_bucket_inbox(store.settings(tmp_path), store.bucket), ledger)
        _noted(site, 20)
        with site.working():
            with site.readers.turn:
                eventually(lambda: len(chronicle.jobs(Selection())) == 20)
                server.kill()
            assert site.until_one_waits(3).code == "inbox_unavailable"
            assert [hold.inbox for hold in eventually(chronicle.holds)] == ["scans"]
            assert len({job.document.key for job in site.told}) < 10
            server.start()
            site.until(20)
    assert chronicle.holds() == []


@pytest.mark.parametrize(
    ("after", "operation", "error"),
    [
        ("leave", "HeadObject", "AccessDenied"),
        ("leave", "GetObject", "AccessDenied"),
        ("delete", "DeleteObject", "ObjectLocked"),
        ("tag", "PutObjectTagging", "AccessDenied"),
    ],
)
def test_one_object_that_is_refused_holds_no_other_back(
    faulty_site: BucketSite, faulty_bucket: Store, *, after: Any, operation: str, error: str
) -> None:
    store = faulty_site.inbox._options.store
    faulty_site.inbox = a_bucket_inbox(store, faulty_bucket.bucket, after=after)
    faulty_site.inbox._demand_abilities()
    microburst.tell(faulty_bucket, Fault(operation=operation, error=error, status=403, times=1))
    _noted(faulty_site, 5)
    with structlog.testing.capture_logs() as logs, faulty_site.working():
        faulty_site.until(5)
    assert [job.code for job in faulty_site.told if job.state is JobState.WAITING] == ["access_denied"]
    assert [line for line in logs if line["event"] == "inbox_held"] == []


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        (Fault(error="AccessDenied", status=403), "access_denied"),
        (Fault(error="ExpiredToken", status=400), "access_denied"),
        (Fault(reset=True), "inbox_unavailable"),
    ],
)
def test_what_a_store_says_of_every_object_is_said_of_the_inbox(
    faulty_site: BucketSite, faulty_bucket: Store, chronicle: Chronicle, *, refusal: Fault, code: str
) -> None:
    """To a HEAD a store says no more than a number; a listing says whether it means just this one."""
    _noted(faulty_site, 3)
    with faulty_site.working():
        with faulty_site.readers.turn:
            eventually(lambda: len(chronicle.jobs(Selection())) == 3)
            microburst.tell(faulty_bucket, refusal)
        faulty_site.until_one_waits()
        assert {hold.code for hold in eventually(chronicle.holds)} == {code}
        microburst.tell(faulty_bucket)
        faulty_site.until(3)
    assert chronicle.holds() == []
