"""What a queue is told of many messages at once, and which of them it did not accept."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ocr_inbox.hearing.letters import Letter
from ocr_inbox.hearing.refusals import expecting_sqs

_MOST = 10
"""Messages in one request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What became of some messages: `refused` are no longer ours, all others may be tried again.

    `failure` is the queue's word for why one of those failed, and what it says about it.
    """

    done: tuple[Letter, ...]
    refused: tuple[Letter, ...]
    failure: tuple[str, str] | None


def delete(client: Any, queue_url: str, letters: Sequence[Letter]) -> Iterator[Answered]:
    """Delete these messages for good; raises what `refusals.failures` has."""
    return _in_batches(client.delete_message_batch, queue_url, letters, {})


def hide(client: Any, queue_url: str, letters: Sequence[Letter], seconds: int) -> Iterator[Answered]:
    """Keep these messages from everybody for so long; 0 seconds give them back. Raises likewise."""
    return _in_batches(client.change_message_visibility_batch, queue_url, letters, {"VisibilityTimeout": seconds})


def _in_batches(
    call: Callable[..., Any], queue_url: str, letters: Sequence[Letter], change: Mapping[str, Any]
) -> Iterator[Answered]:
    for start in range(0, len(letters), _MOST):
        batch = letters[start : start + _MOST]
        entries = [{"Id": str(number), "ReceiptHandle": letter.handle, **change} for number, letter in enumerate(batch)]
        with expecting_sqs(queue_url):
            answer = call(QueueUrl=queue_url, Entries=entries)
            answered = _answered(batch, {failed.get("Id"): failed for failed in answer.get("Failed", ())})
        yield answered


def _answered(batch: Sequence[Letter], failed: Mapping[Any, Mapping[str, Any]]) -> Answered:
    letters = {str(number): letter for number, letter in enumerate(batch)}
    again = [failure for failure in failed.values() if not failure.get("SenderFault")]
    return Answered(
        done=tuple(letter for number, letter in letters.items() if number not in failed),
        refused=tuple(
            letters[number] for number, why in failed.items() if why.get("SenderFault") and number in letters
        ),
        failure=(again[0].get("Code", ""), again[0].get("Message", "")) if again else None,
    )
