"""ministack: S3 events as AWS sends them, to SQS by itself, by SNS or by EventBridge."""

import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stores import Store
from stores.environments import program_apart
from stores.server import Server, free_ports

_EVENTS = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]
_AT_MOST = 10
"""Messages in one answer, as AWS has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """An SQS queue of its own; `store` says where and who."""

    store: Store
    url: str
    arn: str

    def receive(self, *, wait_seconds: int = 5, visible_again_after: int = 30) -> list[dict[str, Any]]:
        """The next messages as boto3 gives them, ten at most."""
        answer = self.store.client("sqs").receive_message(
            QueueUrl=self.url,
            MaxNumberOfMessages=_AT_MOST,
            WaitTimeSeconds=wait_seconds,
            VisibilityTimeout=visible_again_after,
        )
        return list(answer.get("Messages", ()))

    def bodies(self, count: int) -> list[dict[str, Any]]:
        """The content of so many messages, which are deleted."""
        found: list[dict[str, Any]] = []
        while len(found) < count:
            messages = self.receive()
            assert messages, f"only {len(found)} of {count} messages came"
            for message in messages:
                found.append(json.loads(message["Body"]))
                self.delete(message)
        return found

    def delete(self, message: dict[str, Any]) -> None:
        self.store.client("sqs").delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])

    def send(self, *bodies: str) -> None:
        for body in bodies:
            self.store.client("sqs").send_message(QueueUrl=self.url, MessageBody=body)

    def left(self) -> tuple[int, int]:
        """How many messages wait, and how many somebody has but has not deleted."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.store.client("sqs").get_queue_attributes(QueueUrl=self.url, AttributeNames=names)
        waiting, taken = (int(answer["Attributes"][name]) for name in names)
        return waiting, taken


@contextmanager
def serving(folder: Path) -> Iterator[Server]:
    """A server with its data in `folder`; objects survive `kill`, queues and topics only `stop`."""
    (port,) = free_ports(1)
    store = Store(
        endpoint=f"http://127.0.0.1:{port}",
        access_key="test",
        secret_key="test",  # noqa: S106 - it lets everybody in
        bucket="ready",
    )
    environment = {
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "MINISTACK_HOST": "127.0.0.1",
        "SERVICES": "s3,sqs,sns,events",
        "S3_PERSIST": "1",
        "S3_DATA_DIR": str(folder / "objects"),
        "PERSIST_STATE": "1",
        "STATE_DIR": str(folder / "state"),
        "TMPDIR": str(folder),
    }
    with Server(store, [program_apart("ministack")], folder=folder, environment=environment).running() as server:
        yield server


def a_queue(store: Store, **attributes: str) -> Queue:
    """A queue that nobody tells anything; the attributes are those of SQS, say VisibilityTimeout or RedrivePolicy."""
    sqs = store.client("sqs")
    url = sqs.create_queue(QueueName=f"queue-{secrets.token_hex(6)}", Attributes=attributes)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    return Queue(store=store, url=url, arn=arn)


def tell_queue(queue: Queue, events: Sequence[str] = _EVENTS) -> None:
    """From now on, the bucket sends its events straight into the queue; the first message is an s3:TestEvent."""
    _notify(queue.store, {"QueueConfigurations": [{"QueueArn": queue.arn, "Events": list(events)}]})


def tell_queue_by_topic(queue: Queue, *, raw: bool = False) -> None:
    """Likewise by an SNS topic, which puts each message into an envelope of its own unless it is to be `raw`."""
    sns = queue.store.client("sns")
    topic = sns.create_topic(Name=f"topic-{secrets.token_hex(6)}")["TopicArn"]
    attributes = {"RawMessageDelivery": str(raw).lower()}
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn, Attributes=attributes)
    _notify(queue.store, {"TopicConfigurations": [{"TopicArn": topic, "Events": _EVENTS}]})


def tell_queue_by_bus(queue: Queue) -> None:
    """Likewise by EventBridge, whose events have one object each and no Records."""
    events, rule = queue.store.client("events"), f"rule-{secrets.token_hex(6)}"
    pattern = {"source": ["aws.s3"], "detail": {"bucket": {"name": [queue.store.bucket]}}}
    events.put_rule(Name=rule, EventPattern=json.dumps(pattern))
    events.put_targets(Rule=rule, Targets=[{"Id": "queue", "Arn": queue.arn}])
    _notify(queue.store, {"EventBridgeConfiguration": {}})


def _notify(store: Store, configuration: dict[str, Any]) -> None:
    store.client().put_bucket_notification_configuration(Bucket=store.bucket, NotificationConfiguration=configuration)
