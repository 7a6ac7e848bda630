"""Connections to a store: a client for each thread, with an end to all waiting."""

import threading
import time
from datetime import datetime
from functools import cache
from typing import Any, Literal

from ocr_inbox.errors import InboxAwayError, LockedOutError
from ocr_inbox.objects import DEFAULT_REGION, Store
from ocr_inbox.troubles import DOUBTS, code_of

_CONNECT_SECONDS = 5.0
_READ_SECONDS = 30.0
"""Between two bytes, not for a whole object."""
_ATTEMPTS = 5
"""Of one request; adaptive retries slow all requests of a client down while a server says SlowDown."""
_RENEWAL_SECONDS = 10.0
"""A role's credentials cost requests of their own: those that are refused for good are not looked up all the time."""

Service = Literal["s3", "sqs"]


class Connection:
    """Remembers how it got in, and each thread's clients: a thread's first use of a service makes one, in 20 ms.

    Once the store has refused the credentials, they are looked up again: files and profiles are written anew.
    """

    def __init__(self, store: Store) -> None:
        self.store = store
        self._of_thread = threading.local()
        self._making = threading.Lock()
        self._session: Any = None
        self._looked_up_at = float("-inf")
        self._doubted = False

    def client(self, service: Service = "s3") -> Any:
        """This thread's client; raises LockedOutError and InboxAwayError where the settings do not work."""
        with self._making:  # sessions share what they have loaded, and not safely
            session = self._current_session()
            known, client = getattr(self._of_thread, service, (None, None))
            if known is not session:
                client = _client(session, self.store, service)
                client.meta.events.register("after-call", self._listen)
                setattr(self._of_thread, service, (session, client))
            return client

    def credentials(self) -> Any:
        """What botocore calls frozen credentials; raises as `client`, and what botocore does to renew them."""
        with self._making:
            session = self._current_session()
        return session.get_credentials().get_frozen_credentials()

    def _current_session(self) -> Any:
        now = time.monotonic()
        if self._session is None or (self._doubted and now >= self._looked_up_at + _RENEWAL_SECONDS):
            self._looked_up_at, self._doubted = now, False
            self._session = _session(self.store)
        return self._session

    def _listen(self, parsed: Any, **_: object) -> None:
        self._doubted = self._doubted or code_of(parsed) in DOUBTS


def _session(store: Store) -> Any:
    import boto3
    import botocore.session
    from botocore.exceptions import BotoCoreError

    try:
        inner = botocore.session.Session(profile=store.profile)
        inner.register_component("data_loader", _loader())
        inner.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=moment)
        session = boto3.Session(botocore_session=inner, **_keys(store))
        if session.get_credentials() is None:
            raise LockedOutError(
                "cannot use the object store: there are no credentials; set a profile, key files or an instance role"
            )
    except BotoCoreError as error:
        raise InboxAwayError(f"cannot use the object store: {error}; check its settings") from error
    return session


@cache
def _loader() -> Any:
    """What boto3 knows of S3: 12 MB, and so the same for all sessions."""
    import botocore.loaders

    return botocore.loaders.create_loader()


def moment(text: Any) -> datetime:
    """The time that an answer tells of: in a listing's format at once, where botocore takes half its time to guess it.

    Raises ValueError.
    """
    from botocore.utils import parse_timestamp

    try:
        return datetime.fromisoformat(text.removesuffix("Z") + "+00:00")
    except (AttributeError, ValueError):
        found: datetime = parse_timestamp(text)
        return found


def _client(session: Any, store: Store, service: Service) -> Any:
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    # A server of one's own rarely has a name for each bucket, which is what boto3 would ask for.
    addressing = "path" if store.addressing == "auto" and store.endpoint_url else store.addressing
    try:
        client = session.client(
            service,
            endpoint_url=store.endpoint_url,
            region_name=store.region or session.region_name or DEFAULT_REGION,
            verify=str(store.ca_file) if store.ca_file else store.verify_tls,
            config=Config(
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=_READ_SECONDS,
                retries={"mode": "adaptive", "total_max_attempts": _ATTEMPTS},
                s3={"addressing_style": addressing},
                # Servers other than AWS refuse or ignore the checksums that newer clients send unasked.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                tcp_keepalive=True,
                user_agent_extra="ocr-inbox",
            ),
        )
    except (BotoCoreError, ValueError) as error:
        raise InboxAwayError(f"cannot use the object store: {error}; check its settings") from error
    client.meta.events.register_first("needs-retry", _take_silence_for_an_answer)
    return client


def _take_silence_for_an_answer(caught_exception: Exception | None = None, **_: object) -> None:
    """A server that was silent for so long is asked again by whoever asked, later; others may want to stop by then."""
    from botocore.exceptions import ReadTimeoutError

    if isinstance(caught_exception, ReadTimeoutError):
        raise caught_exception


def _keys(store: Store) -> dict[str, str]:
    if store.access_key_file is None or store.secret_key_file is None:
        return {}
    try:
        return {
            "aws_access_key_id": store.access_key_file.read_text(encoding="ascii").strip(),
            "aws_secret_access_key": store.secret_key_file.read_text(encoding="ascii").strip(),
        }
    except (OSError, ValueError) as error:
        raise LockedOutError(
            f"cannot read the keys of the object store: {error}; let the daemon's user read their files"
        ) from error
