"""How several looks at the server become one opinion, without a server and without waiting."""

from ocr_inbox.vllm import ServerState, ServerStatus, Sighting, judge

WELL = Sighting(status=ServerStatus.RUNNING, models=("PaddleOCR-VL-1.6-0.9B",))
GONE = Sighting(status=ServerStatus.NOT_REACHABLE, problem="nobody answers")
SICK = Sighting(status=ServerStatus.UNHEALTHY, problem="/health answers 503")


def after(*looks: Sighting) -> ServerState:
    """What is known after looks at 0, 1, 2 … seconds."""
    state = None
    for now, seen in enumerate(looks):
        state = judge(state, seen, float(now))
    assert state is not None
    return state


def test_the_first_look_decides() -> None:
    assert after(WELL).up
    assert not after(GONE).up


def test_one_lost_answer_changes_nothing() -> None:
    state = after(WELL, WELL, GONE)
    assert state.up
    assert state.sighting == WELL
    assert (state.since, state.looked_at) == (0.0, 2.0)


def test_two_in_a_row_mean_that_it_is_down_and_say_why() -> None:
    state = after(WELL, GONE, SICK)
    assert not state.up
    assert state.sighting == SICK
    assert state.since == 2.0


def test_lost_answers_that_are_not_in_a_row_do_not_add_up() -> None:
    assert after(WELL, GONE, WELL, GONE, WELL, GONE).up


def test_one_good_answer_is_enough_to_be_back() -> None:
    state = after(GONE, GONE, WELL)
    assert state.up
    assert state.since == 2.0


def test_while_it_is_down_the_latest_reason_counts_and_the_time_since_does_not_start_anew() -> None:
    state = after(GONE, SICK)
    assert state.sighting == SICK
    assert state.since == 0.0


def test_after_coming_back_one_lost_answer_changes_nothing_again() -> None:
    assert after(GONE, GONE, WELL, GONE).up
