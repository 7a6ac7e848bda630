"""Queues of SQS: a message is deleted when the ledger has what it told of, and not before."""

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import wait
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from ocr_inbox.hearing import answers
from ocr_inbox.hearing.apart import apart
from ocr_inbox.hearing.ear import Ear
from ocr_inbox.hearing.letters import Letter, Letters
from ocr_inbox.hearing.obstacle import Obstacle, Problem
from ocr_inbox.hearing.refusals import expecting_sqs, failures, problem_of, refusal
from ocr_inbox.model import HearingVitals
from ocr_inbox.ports import Clock, Tell
from ocr_inbox.pulse import Pulse

_POLL_SECONDS = 20
"""The longest that SQS allows, and so the fewest requests to pay for."""
_MESSAGES = 10
_EMPTY_SECONDS = 1.0
"""A poll takes at least so long, also where a server does not wait for messages."""
_IN_HAND = 1_000
_ANSWER_SECONDS = 0.5
"""Answers are gathered for so long: ten of them cost as much as one."""
_LOOK_SECONDS = 1.0
_TURN_SECONDS = 60.0
_LAST_SECONDS = 1.0
_RIGHTS = "sqs:ReceiveMessage, sqs:DeleteMessage and sqs:ChangeMessageVisibility on the queue"
_FATE = "it is left to the queue's own dead-letter policy"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Message:
    letter: Letter
    body: bytes


class SqsListener:
    """Keeps the promise of `ports.Loop`; one thread of its own waits for messages, another answers them.

    `connect` gives the calling thread a client, and may raise any OcrInboxError. After `hidden_seconds` another daemon
    sees what this one took and did not come to answer.
    """

    def __init__(  # noqa: PLR0913 - where, who, and how long
        self,
        name: str,
        queue_url: str,
        connect: Callable[[], Any],
        tell: Tell,
        clock: Clock,
        *,
        hidden_seconds: int = 60,
    ) -> None:
        self._name = name
        self._queue_url = queue_url
        self._connect = connect
        self._hidden_seconds = hidden_seconds
        self._ear = Ear(name, tell, clock, fate=_FATE)
        self._letters = Letters(_IN_HAND)
        self._hearing, self._answering = Obstacle(name), Obstacle(f"{name}-answers")
        self._deleted = 0
        self.pulse = Pulse()

    @property
    def name(self) -> str:
        """Keep the promise of `ports.Loop`."""
        return self._name

    def vitals(self) -> HearingVitals:
        """How it is; for any thread."""
        return self._ear.vitals(self._hearing.problem or self._answering.problem, deleted=self._deleted)

    def run(self, stop: threading.Event) -> None:
        """Keep the promise of `ports.Loop`: the wait for messages is not waited for."""
        hearing = apart(f"{self._name}-hear", lambda: self._hear(stop))
        answering = apart(f"{self._name}-answer", lambda: self._answer(stop))
        while not stop.wait(_LOOK_SECONDS):
            self.pulse.expect(_TURN_SECONDS, whom=self.name)
            for ended in wait([hearing, answering], timeout=0).done:
                ended.result()
        wait([answering], timeout=_LAST_SECONDS)

    def _hear(self, stop: threading.Event) -> None:
        while not stop.is_set():
            if self._letters.full:
                stop.wait(_ANSWER_SECONDS)
                continue
            began = time.monotonic()
            try:
                messages = self._received()
                if stop.is_set():
                    self._give_back([message.letter for message in messages])
                    return
            except failures() as error:
                _pause(self._hearing, problem_of(error, deed=self._deed("hear"), rights=_RIGHTS), stop)
            else:
                self._hearing.clear()
                self._ear.listen()
                for message in messages:
                    self._take(message)
                if not messages:
                    stop.wait(max(0.0, began + _EMPTY_SECONDS - time.monotonic()))

    def _received(self) -> list[_Message]:
        with expecting_sqs(self._queue_url):
            answer = self._connect().receive_message(
                QueueUrl=self._queue_url,
                MaxNumberOfMessages=_MESSAGES,
                WaitTimeSeconds=_POLL_SECONDS,
                VisibilityTimeout=self._hidden_seconds,
            )
            return [_message(message) for message in answer.get("Messages", ())]

    def _take(self, message: _Message) -> None:
        letter = message.letter
        acknowledge = self._letters.take(letter, due=self._when_due())
        if not self._ear.hear(message.body, letter.id, acknowledge):
            self._letters.forget([letter])

    def _answer(self, stop: threading.Event) -> None:
        while not stop.wait(_ANSWER_SECONDS):
            try:
                problem = self._answered()
            except failures() as error:
                problem = problem_of(error, deed=self._deed("answer"), rights=_RIGHTS)
            if problem is None:
                self._answering.clear()
            else:
                _pause(self._answering, problem, stop)
        with suppress(*failures()):  # what cannot be answered now is handed out again later
            self._answered()
            self._give_back(self._letters.unanswered(due_by=float("inf")))

    def _answered(self) -> Problem | None:
        """Delete what is done, keep the rest hidden, and say why that failed for a part of it."""
        done, due = self._letters.answered(), self._letters.unanswered(due_by=time.monotonic())
        if not done and not due:
            return None
        client, failed = self._connect(), None
        for deleted in answers.delete(client, self._queue_url, done):
            self._letters.forget(deleted.done + deleted.refused)
            self._deleted += len(deleted.done)
            failed = failed or deleted.failure
        for hidden in answers.hide(client, self._queue_url, due, self._hidden_seconds):
            self._letters.hide(hidden.done, due=self._when_due())
            self._letters.forget(hidden.refused)
            failed = failed or hidden.failure
        return failed and refusal(*failed, deed=self._deed("answer"), rights=_RIGHTS)

    def _give_back(self, letters: Sequence[Letter]) -> None:
        """Let others see them at once."""
        if letters:
            for _ in answers.hide(self._connect(), self._queue_url, letters, 0):
                pass

    def _when_due(self) -> float:
        return time.monotonic() + self._hidden_seconds / 2

    def _deed(self, deed: str) -> str:
        return f"{deed} queue {self._queue_url}"


def _message(told: Any) -> _Message:
    letter = Letter(id=told.get("MessageId", ""), handle=told.get("ReceiptHandle", ""))
    return _Message(letter=letter, body=told.get("Body", "").encode(errors="surrogatepass"))


def _pause(obstacle: Obstacle, problem: Problem, stop: threading.Event) -> None:
    if not stop.is_set():
        stop.wait(obstacle.meet(problem))
