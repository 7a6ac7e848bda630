"""Answers each new object that it is told of with a copy beside it, as a reader would that takes no time."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote_plus

import boto3

access, ear = json.loads(sys.argv[1]), sys.argv[2]
client = boto3.client("s3", **access)


def answer(event: str | bytes) -> None:
    """Leave a copy of each object that the event names and that is no copy itself."""
    for record in json.loads(event or "{}").get("Records", ()):
        bucket, key = record["s3"]["bucket"]["name"], unquote_plus(record["s3"]["object"]["key"])
        if not key.endswith(".ocr.json"):
            content = client.get_object(Bucket=bucket, Key=key)["Body"].read()
            client.put_object(Bucket=bucket, Key=f"{key}.ocr.json", Body=content)


class Webhook(BaseHTTPRequestHandler):
    """Takes events as they are posted."""

    def do_POST(self) -> None:
        """Called by the library."""
        answer(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def listen_to_queue(url: str) -> None:
    """Take messages for ever."""
    queue = boto3.client("sqs", **access)
    while True:
        messages = queue.receive_message(QueueUrl=url, WaitTimeSeconds=20, MaxNumberOfMessages=10)
        for message in messages.get("Messages", ()):
            answer(message["Body"])
            queue.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])


print('"ready"', flush=True)
if ear.isdigit():
    ThreadingHTTPServer(("127.0.0.1", int(ear)), Webhook).serve_forever()
else:
    listen_to_queue(ear)
