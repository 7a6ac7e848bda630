"""Which messages may be deleted, and which must stay hidden."""

from ocr_inbox.hearing.letters import Letter, Letters

A, B, A_AGAIN = Letter(id="a", handle="1"), Letter(id="b", handle="2"), Letter(id="a", handle="3")


def test_a_message_may_be_deleted_once_it_is_acknowledged_however_often_that_is_said() -> None:
    letters = Letters(most=10)
    acknowledge = letters.take(A, due=30)
    letters.take(B, due=30)
    assert letters.answered() == ()
    acknowledge()
    acknowledge()
    assert letters.answered() == (A,)
    letters.forget([A])
    acknowledge()
    assert letters.answered() == ()


def test_only_what_is_not_acknowledged_has_to_be_hidden_again() -> None:
    letters = Letters(most=10)
    acknowledge = letters.take(A, due=30)
    letters.take(B, due=40)
    assert letters.unanswered(due_by=29) == ()
    assert letters.unanswered(due_by=30) == (A,)
    acknowledge()
    assert letters.unanswered(due_by=40) == (B,)
    letters.hide([A, B], due=70)
    assert letters.unanswered(due_by=69) == ()
    letters.forget([B])
    letters.hide([B], due=80)
    assert letters.unanswered(due_by=80) == ()


def test_a_message_that_comes_again_is_called_by_its_new_handle_and_asked_for_anew() -> None:
    letters = Letters(most=10)
    letters.take(A, due=30)()
    acknowledge = letters.take(A_AGAIN, due=60)
    letters.forget([A])
    assert (letters.answered(), letters.unanswered(due_by=60)) == ((), (A_AGAIN,))
    acknowledge()
    assert letters.answered() == (A_AGAIN,)


def test_there_is_an_end_to_what_one_can_hold() -> None:
    letters = Letters(most=2)
    letters.take(A, due=30)
    letters.take(A_AGAIN, due=30)
    assert not letters.full
    letters.take(B, due=30)
    assert letters.full
    letters.forget([B])
    assert not letters.full
