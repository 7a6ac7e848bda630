"""One line says how much there is to do, and who has a problem."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from builders import some_inbox_vitals, some_pipeline_vitals
from ocr_inbox.bulletin import hanging, held, problems_of, status_of
from ocr_inbox.model import Counts, HearingVitals, Hold, InboxVitals, PipelineVitals
from ocr_inbox.pulse import Silence


@dataclass
class Parts:
    """How the parts of the daemon are."""

    inbox: InboxVitals = field(default_factory=some_inbox_vitals)
    pipeline: PipelineVitals = field(default_factory=some_pipeline_vitals)
    listener: HearingVitals = field(
        default_factory=lambda: HearingVitals(
            name="sqs-scans", received=0, told=0, not_understood=0, unwanted=0, heard_at=None
        )
    )

    def inboxes(self) -> Sequence[InboxVitals]:
        return [self.inbox]

    def pipelines(self) -> Sequence[PipelineVitals]:
        return [self.pipeline]

    def hearing(self) -> Sequence[HearingVitals]:
        return [self.listener]


def a_silence(*, loop: str = "text-0", whom: str = "") -> Silence:
    return Silence(loop=loop, whom=whom, thread=1, since=0.0, seconds=130.4)


def test_a_quiet_daemon_says_what_it_did() -> None:
    assert status_of(Counts(done=120), []) == "0 waiting, 0 running; 120 read since the start"


def test_what_was_not_read_is_counted_where_there_is_any() -> None:
    counts = Counts(waiting=3, running=1, done=120, skipped=4, buried=2)
    line = "3 waiting, 1 running; 120 read, 4 skipped, 2 given up since the start; problems: inbox scans, ledger"
    assert status_of(counts, ["inbox scans", "ledger"]) == line


def test_nobody_has_a_problem_while_all_is_well() -> None:
    assert problems_of(Parts(), []) == []


def test_everybody_with_a_problem_is_named_and_a_loop_that_hangs_comes_first() -> None:
    parts = Parts(
        inbox=some_inbox_vitals(problem="gone"),
        pipeline=some_pipeline_vitals(ready=False, problem="no models"),
        listener=replace(Parts().listener, problem="no route"),
    )
    missing = [a_silence(), a_silence(), a_silence(loop="text-1", whom="scans"), a_silence(whom="the VL server")]
    found = problems_of(parts, missing)
    assert found == ["text-0 hangs", "inbox scans", "pipeline text", "listener sqs-scans", "the VL server"]


def test_an_inbox_that_does_not_answer_has_a_problem() -> None:
    vitals = hanging(some_inbox_vitals(), [a_silence(loop="intake-scans", whom="scans")])
    assert "has not answered for 130 s" in (vitals.problem or "")


def test_an_inbox_whose_problem_is_known_keeps_it() -> None:
    assert hanging(some_inbox_vitals(problem="gone"), [a_silence(whom="scans")]).problem == "gone"


def test_nobody_else_is_blamed_for_an_inbox() -> None:
    assert hanging(some_inbox_vitals(), [a_silence(whom="shelf"), a_silence()]).problem is None


def test_an_inbox_that_all_its_documents_wait_for_has_a_problem_unless_it_says_itself_which() -> None:
    hold = Hold(inbox="scans", since=0.0, not_before=9.0, code="inbox_unavailable", reason="no space left")
    assert held(some_inbox_vitals(), [hold]).problem == "no space left"
    assert held(some_inbox_vitals(problem="gone"), [hold]).problem == "gone"
    assert held(some_inbox_vitals(), [replace(hold, inbox="mail")]).problem is None
