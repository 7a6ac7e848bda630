from hypothesis import given
from hypothesis import strategies as st

from ocr_inbox.model import Signature
from ocr_inbox.settling import Settler


def a_signature(size: int = 1, *, modified: int = 0, changed: int = 0) -> Signature:
    return Signature(modified_ns=modified, changed_ns=changed, size=size)


def test_a_file_settles_when_it_was_quiet_long_enough() -> None:
    settler = Settler(quiet=2.0)
    settler.observe("a.png", a_signature(), now=1.0)
    assert settler.take_settled(now=2.9) == []
    assert settler.take_settled(now=3.0) == [("a.png", a_signature())]


def test_a_change_of_anything_starts_the_waiting_anew() -> None:
    settler = Settler(quiet=2.0)
    settler.observe("a.png", a_signature(), now=1.0)
    settler.observe("a.png", a_signature(changed=7), now=2.5)
    assert settler.take_settled(now=4.4) == []
    assert settler.take_settled(now=4.5) == [("a.png", a_signature(changed=7))]


def test_looking_again_at_an_unchanged_file_does_not_delay_it() -> None:
    settler = Settler(quiet=2.0)
    for now in (1.0, 1.5, 2.9):
        settler.observe("a.png", a_signature(), now)
    assert settler.take_settled(now=3.0) == [("a.png", a_signature())]


def test_what_has_settled_or_was_forgotten_is_not_remembered() -> None:
    settler = Settler(quiet=2.0)
    settler.observe("a.png", a_signature(), now=1.0)
    settler.observe("b.png", a_signature(), now=1.0)
    settler.forget("b.png")
    settler.forget("never-seen.png")
    assert settler.take_settled(now=9.0) == [("a.png", a_signature())]
    assert settler.take_settled(now=9.0) == []
    assert len(settler) == 0


def test_nothing_is_due_while_nothing_is_waited_for() -> None:
    assert Settler(quiet=2.0).next_due() is None


def test_the_next_is_due_when_the_one_that_changed_longest_ago_can_settle() -> None:
    settler = Settler(quiet=2.0)
    settler.observe("a.png", a_signature(1), now=1.0)
    settler.observe("b.png", a_signature(), now=2.0)
    settler.observe("a.png", a_signature(2), now=3.0)
    assert settler.next_due() == 4.0


LOOKS = st.lists(st.tuples(st.sampled_from("abc"), st.integers(1, 3), st.integers(0, 5)))


@given(LOOKS)
def test_exactly_those_settle_whose_last_change_is_old_enough(looks: list[tuple[str, int, int]]) -> None:
    settler, changed, now = Settler(quiet=4.0), dict[str, tuple[int, int]](), 0
    for path, size, passed in looks:
        now += passed
        settler.observe(path, a_signature(size), now)
        if changed.get(path, (0, 0))[0] != size:
            changed[path] = (size, now)
    assert settler.next_due() == min((since + 4.0 for _, since in changed.values()), default=None)
    settled = {path for path, _ in settler.take_settled(now)}
    assert settled == {path for path, (_, since) in changed.items() if now - since >= 4}
    assert len(settler) == len(changed) - len(settled)
