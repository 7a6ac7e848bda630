"""Requests that other threads make hold nobody up."""

import threading
from functools import partial

import pytest

from ocr_inbox.errands import Errands
from ocr_inbox.errors import StoppingError


def test_answers_come_back_whatever_they_are() -> None:
    with Errands("ask", 2, threading.Event()) as errands:
        good, bad = errands.send(lambda: 1), errands.send(lambda: 1 // 0)
        assert errands.result(good) == 1
        with pytest.raises(ZeroDivisionError):
            errands.result(bad)


def test_so_many_are_made_at_once_and_no_more() -> None:
    both = threading.Barrier(2)
    with Errands("ask-both", 2, threading.Event()) as errands:
        sent = [errands.send(both.wait) for _ in range(20)]
        assert sorted(map(errands.result, sent)) == [0] * 10 + [1] * 10
        assert sum(thread.name == "ask-both" for thread in threading.enumerate()) == 2


def test_one_thread_serves_those_who_wait_for_each_other() -> None:
    with Errands("ask-one", 8, threading.Event()) as errands:
        threads = {errands.result(errands.send(threading.get_ident)) for _ in range(3)}
        assert len(threads) <= 2  # who is late to say that it is idle gets a second


def test_what_hangs_is_left_when_the_daemon_stops() -> None:
    stop, for_ever = threading.Event(), threading.Event()
    with Errands("ask-hang", 1, stop) as errands:
        hanging = errands.send(for_ever.wait)
        threading.Timer(0.05, stop.set).start()
        with pytest.raises(StoppingError):
            errands.result(hanging)
        (thread,) = [thread for thread in threading.enumerate() if thread.name == "ask-hang"]
        assert thread.daemon
    for_ever.set()
    thread.join(10)
    assert not thread.is_alive()


def test_nothing_is_waited_for_once_it_stops() -> None:
    stop = threading.Event()
    with Errands("ask", 1, stop) as errands:
        answer = errands.send(partial(int, "1"))
        stop.set()
        with pytest.raises(StoppingError):
            errands.result(answer)
