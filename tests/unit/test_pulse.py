"""Whoever says by when it is heard of again is found missing when it is not, and only then."""

import threading

import pytest

from ledgers import Clock
from ocr_inbox.pulse import AS_LONG_AS_IT_TAKES, Pulse, silences


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def pulse(clock: Clock) -> Pulse:
    return Pulse(clock)


def missing(pulse: Pulse, now: float) -> list[tuple[str, float]]:
    return [(it.whom, it.seconds) for it in silences({"loop": pulse}, now)]


def test_nobody_is_missing_who_promised_nothing(pulse: Pulse) -> None:
    assert missing(pulse, 1e9) == []


def test_a_loop_is_missing_when_its_time_is_over(pulse: Pulse) -> None:
    pulse.expect(10.0)
    assert missing(pulse, 1010.0) == []
    assert missing(pulse, 1010.5) == [("", 10.5)]


def test_a_loop_that_turns_is_not_missing(pulse: Pulse, clock: Clock) -> None:
    pulse.expect(10.0)
    clock.now = 1010.0
    pulse.expect(10.0)
    assert missing(pulse, 1019.0) == []


def test_a_loop_that_ended_is_not_missing(pulse: Pulse) -> None:
    pulse.expect(10.0)
    pulse.end()
    assert missing(pulse, 1e9) == []


def test_who_waits_says_for_whom_and_then_has_all_its_time_again(pulse: Pulse, clock: Clock) -> None:
    pulse.expect(10.0)
    with pulse.within(120.0, whom="scans"):
        assert missing(pulse, 1011.0) == []
        assert missing(pulse, 1130.0) == [("scans", 130.0)]
        clock.now = 1200.0
    assert missing(pulse, 1209.0) == []
    assert missing(pulse, 1211.0) == [("", 11.0)]


def test_a_step_that_fails_is_over_as_well(pulse: Pulse) -> None:
    with pytest.raises(LookupError), pulse.within(10.0):
        raise LookupError
    assert missing(pulse, 1e9) == []


def test_a_wait_for_others_may_last_for_ever(pulse: Pulse) -> None:
    with pulse.within(AS_LONG_AS_IT_TAKES):
        assert missing(pulse, 1e12) == []


def test_each_thread_makes_promises_of_its_own(pulse: Pulse) -> None:
    thread = threading.Thread(target=lambda: pulse.expect(10.0, whom="shelf"))
    pulse.expect(10.0)
    thread.start()
    thread.join()
    assert sorted(missing(pulse, 1020.0)) == [("", 20.0), ("shelf", 20.0)]
    assert {it.loop for it in silences({"lane": pulse}, 1020.0)} == {"lane"}
