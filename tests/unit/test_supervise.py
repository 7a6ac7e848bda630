"""All loops live and end together, and what ended them is not swallowed."""

import threading
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
import structlog.testing

from ocr_inbox.pulse import Pulse
from ocr_inbox.supervise import Supervision

pytestmark = pytest.mark.timeout(30)


@dataclass
class Doing:
    """A loop that does one thing, and remembers that it came to its end."""

    act: Callable[[threading.Event], object]
    name: str = "loop"
    pulse: Pulse = field(default_factory=Pulse)
    ended: threading.Event = field(default_factory=threading.Event)

    def run(self, stop: threading.Event) -> None:
        self.act(stop)
        self.ended.set()


def _nothing() -> None:
    pass


def test_the_first_failure_stops_the_others_and_is_raised() -> None:
    other = Doing(lambda stop: stop.wait())

    def fail(_: threading.Event) -> None:
        raise LookupError("cannot go on")

    with pytest.raises(LookupError, match="cannot go on"):
        Supervision([other, Doing(fail)], threading.Event()).run(
            grace_seconds=10, begun=_nothing, wake=_nothing, cut_short=_nothing
        )
    assert other.ended.is_set()


def test_a_loop_that_ends_early_does_not_end_the_others() -> None:
    stop, lasting = threading.Event(), Doing(lambda stop: stop.wait())
    early = Doing(lambda _: None)

    def stop_later() -> None:
        early.ended.wait()
        stop.set()

    threading.Thread(target=stop_later).start()
    Supervision([early, lasting], stop).run(grace_seconds=10, begun=_nothing, wake=_nothing, cut_short=_nothing)
    assert lasting.ended.is_set()


def test_sleepers_are_woken_and_the_busy_are_cut_short_after_their_grace() -> None:
    stop, woken, cut = threading.Event(), threading.Event(), threading.Event()
    sleeper, busy = Doing(lambda _: woken.wait()), Doing(lambda _: cut.wait())

    def cut_short() -> None:
        assert sleeper.ended.is_set()
        assert not busy.ended.is_set()
        cut.set()

    stop.set()
    Supervision([sleeper, busy], stop).run(grace_seconds=0.3, begun=_nothing, wake=woken.set, cut_short=cut_short)
    assert busy.ended.is_set()


def test_a_loop_that_does_not_end_is_named_and_left_behind() -> None:
    stop, released = threading.Event(), threading.Event()
    stop.set()
    with structlog.testing.capture_logs() as logs:
        Supervision([Doing(lambda _: released.wait(), name="hung")], stop).run(
            grace_seconds=0.05, begun=_nothing, wake=_nothing, cut_short=_nothing
        )
    released.set()
    assert [(line["event"], line["loop"]) for line in logs] == [("loop_did_not_stop", "hung")]
