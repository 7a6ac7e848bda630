"""A bell that is rung while nobody listens is heard all the same."""

import threading
import time

from ocr_inbox.bell import Bell


def test_a_ring_between_looking_and_waiting_is_not_missed() -> None:
    bell = Bell()
    heard = bell.count()
    bell.ring()
    began = time.monotonic()
    bell.wait(heard, timeout=30)
    assert time.monotonic() - began < 1


def test_a_ring_that_was_heard_wakes_nobody_again() -> None:
    bell = Bell()
    bell.ring()
    began = time.monotonic()
    bell.wait(bell.count(), timeout=0.05)
    assert time.monotonic() - began >= 0.05


def test_one_ring_wakes_everyone_who_waits() -> None:
    bell = Bell()
    heard = bell.count()
    waiting = [threading.Thread(target=bell.wait, args=(heard, 30)) for _ in range(5)]
    for thread in waiting:
        thread.start()
    bell.ring()
    for thread in waiting:
        thread.join(5)
    assert not any(thread.is_alive() for thread in waiting)


def test_rings_of_many_threads_are_all_counted() -> None:
    bell = Bell()

    def ring() -> None:
        for _ in range(500):
            bell.ring()

    ringing = [threading.Thread(target=ring) for _ in range(4)]
    for thread in ringing:
        thread.start()
    for thread in ringing:
        thread.join()
    assert bell.count() == 2000
