"""Connections to a store: a client for each thread, with an end to all waiting."""

import threading
from typing import Any, Literal

from ocr_inbox.errors import AccessDeniedError, InboxUnavailableError
from ocr_inbox.objects import Store

_CONNECT_SECONDS = 5.0
_READ_SECONDS = 30.0
"""Between two bytes, not for a whole object."""
_ATTEMPTS = 5
"""Of one request; adaptive retries slow all requests of a client down while a server says SlowDown."""


class Connection:
    """Remembers the clients of one store; a thread's first use of a service makes one, which takes 0.1 s."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._mine = threading.local()
        self._making = threading.Lock()

    def client(self, service: Literal["s3", "sqs"] = "s3") -> Any:
        """This thread's client; raises AccessDeniedError and InboxUnavailableError where the settings do not work."""
        known = getattr(self._mine, service, None)
        if known is None:
            with self._making:  # sessions share what they have loaded, and not safely
                known = _made(self.store, service)
            setattr(self._mine, service, known)
        return known

    def credentials(self) -> Any:
        """What botocore calls frozen credentials; raises as `client`."""
        return self.client()._request_signer._credentials.get_frozen_credentials()  # noqa: SLF001 - botocore tells nobody


def _made(store: Store, service: str) -> Any:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    try:
        session = boto3.Session(profile_name=store.profile, **_keys(store))
        return session.client(
            service,
            endpoint_url=store.endpoint_url,
            region_name=store.region or session.region_name or "us-east-1",
            verify=str(store.ca_file) if store.ca_file else store.verify_tls,
            config=Config(
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=_READ_SECONDS,
                retries={"mode": "adaptive", "total_max_attempts": _ATTEMPTS},
                s3={"addressing_style": store.addressing},
                # Servers other than AWS refuse or ignore the checksums that newer clients send unasked.
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                tcp_keepalive=True,
                user_agent_extra="ocr-inbox",
            ),
        )
    except (BotoCoreError, ValueError) as error:
        raise InboxUnavailableError(f"cannot use the object store: {error}; check its settings") from error


def _keys(store: Store) -> dict[str, str]:
    if store.access_key_file is None or store.secret_key_file is None:
        return {}
    try:
        return {
            "aws_access_key_id": store.access_key_file.read_text(encoding="ascii").strip(),
            "aws_secret_access_key": store.secret_key_file.read_text(encoding="ascii").strip(),
        }
    except (OSError, ValueError) as error:
        raise AccessDeniedError(
            f"cannot read the keys of the object store: {error}; let the daemon's user read their files"
        ) from error
