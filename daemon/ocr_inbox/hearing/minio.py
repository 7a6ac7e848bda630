"""MinIO's stream of events, which it tells to whoever listens at the moment."""

import re
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import wait
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import httpx

from ocr_inbox.hearing.apart import apart
from ocr_inbox.hearing.ear import NOTHING_LOST, Ear
from ocr_inbox.hearing.lines import Lines
from ocr_inbox.hearing.obstacle import Obstacle, Problem
from ocr_inbox.hearing.refusals import AWAY, failures, problem_of, refusal
from ocr_inbox.model import HearingVitals
from ocr_inbox.objects import EVENT_MAX
from ocr_inbox.ports import Clock, Tell
from ocr_inbox.pulse import Pulse

_PING_SECONDS = 10
_PATIENCE = httpx.Timeout(5.0, read=3.0 * _PING_SECONDS)
_LOOK_SECONDS = 1.0
_TURN_SECONDS = 60.0
_REFUSAL_BYTES = 4096
_RIGHTS = "s3:ListenBucketNotification on the bucket"

_CODE = re.compile(r"<Code>([^<]*)</Code>")
_MESSAGE = re.compile(r"<Message>([^<]*)</Message>")
_UNKNOWN_THERE = frozenset({"NotImplemented", "MethodNotAllowed"})


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamOptions:
    """What to listen to; `ca_file` names the authority that is trusted instead of those that the system knows."""

    name: str
    endpoint_url: str
    region: str
    bucket: str
    prefix: str = ""
    ca_file: Path | None = None
    verify_tls: bool = True


class _RefusedError(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.reason)
        self.problem = problem


class MinioListener:
    """Keeps the promise of `ports.Loop`; the stream is read in a thread of its own.

    `credentials` gives what botocore calls frozen credentials, and may raise what botocore or any OcrInboxError.
    """

    def __init__(self, options: StreamOptions, credentials: Callable[[], Any], tell: Tell, clock: Clock) -> None:
        self._options = options
        self._credentials = credentials
        self._ear = Ear(options.name, tell, clock, fate=NOTHING_LOST)
        self._obstacle = Obstacle(options.name)
        self.pulse = Pulse()

    @property
    def name(self) -> str:
        """Keep the promise of `ports.Loop`."""
        return self._options.name

    def vitals(self) -> HearingVitals:
        """How it is; for any thread."""
        return self._ear.vitals(self._obstacle.problem)

    def run(self, stop: threading.Event) -> None:
        """Keep the promise of `ports.Loop`: nobody waits for the server's next word."""
        listening = apart(f"{self._options.name}-hear", lambda: self._listen(stop))
        while not stop.wait(_LOOK_SECONDS):
            self.pulse.expect(_TURN_SECONDS, whom=self.name)
            if wait([listening], timeout=0).done:
                listening.result()

    def _listen(self, stop: threading.Event) -> None:
        while not stop.is_set():
            problem = self._heard_out(stop)
            if not stop.is_set():
                stop.wait(self._obstacle.meet(problem))

    def _heard_out(self, stop: threading.Event) -> Problem:
        """Listen for as long as the stream lasts, and say why it did not last longer."""
        try:
            self._hear(stop)
        except _RefusedError as refused:
            return refused.problem
        except httpx.TimeoutException as error:
            return self._problem(AWAY, f"the server is silent ({type(error).__name__}); see whether it is well")
        except (httpx.NetworkError, httpx.RemoteProtocolError) as error:
            return self._problem(AWAY, str(error) or type(error).__name__)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return self._problem(type(error).__name__, str(error))
        except failures() as error:
            return problem_of(error, deed=self._deed, rights=_RIGHTS)
        return self._problem(AWAY, "the server ended the stream; it is asked again")

    def _hear(self, stop: threading.Event) -> None:
        lines, url, trusted = Lines(EVENT_MAX), self._url(), self._trusted()
        with httpx.stream("GET", url, headers=self._signed(url), timeout=_PATIENCE, verify=trusted) as response:
            self._demand_stream(response)
            for chunk in response.iter_raw():
                if stop.is_set():
                    return
                self._obstacle.clear()
                self._ear.listen()
                for line in lines.feed(chunk):
                    self._ear.hear(line)

    def _trusted(self) -> ssl.SSLContext | bool:
        """As httpx has it, and as the file is now; raises _RefusedError."""
        if self._options.ca_file is None:
            return self._options.verify_tls
        try:
            return ssl.create_default_context(cafile=str(self._options.ca_file))
        except OSError as error:
            why = f"cannot trust the authority in {self._options.ca_file}: {error}; correct `ca_file` or what is in it"
            raise _RefusedError(self._problem("untrusted", why)) from error

    def _url(self) -> str:
        query = {
            "events": "s3:ObjectCreated:*",
            "ping": str(_PING_SECONDS),
            "prefix": self._options.prefix,
            "suffix": "",
        }
        root = self._options.endpoint_url.rstrip("/")
        return f"{root}/{self._options.bucket}?{urlencode(query, quote_via=quote, safe='')}"

    def _signed(self, url: str) -> dict[str, str]:
        from botocore.auth import S3SigV4Auth
        from botocore.awsrequest import AWSRequest

        request = AWSRequest("GET", url)
        S3SigV4Auth(self._credentials(), "s3", self._options.region).add_auth(request)
        return {**request.headers, "Accept-Encoding": "identity"}

    def _demand_stream(self, response: httpx.Response) -> None:
        """Raises _RefusedError; a server that does not have the stream lists the bucket instead, or says so."""
        kind = response.headers.get("Content-Type", "")
        if response.is_success and not any(page in kind for page in ("xml", "html")):
            return
        text = next(response.iter_bytes(_REFUSAL_BYTES), b"").decode(errors="replace")
        code, message = _first(_CODE, text) or f"{response.status_code}", _first(_MESSAGE, text)
        if response.is_success or code in _UNKNOWN_THERE:
            why = "this server has no ListenBucketNotification; use its webhook or a queue"
            raise _RefusedError(Problem(code="no_stream", reason=f"cannot {self._deed}: {why}", lasting=True))
        raise _RefusedError(refusal(code, message or "the server refuses", deed=self._deed, rights=_RIGHTS))

    @property
    def _deed(self) -> str:
        return f"listen to bucket {self._options.bucket} at {self._options.endpoint_url}"

    def _problem(self, code: str, why: str) -> Problem:
        return Problem(code=code, reason=f"cannot {self._deed}: {why}")


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    return found[1] if found else ""
