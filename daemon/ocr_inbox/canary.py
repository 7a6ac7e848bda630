"""An object written into each bucket and taken away again, to see what a store can do and whether its events arrive."""

import secrets
import time
from collections.abc import Iterator
from typing import Any

from ocr_inbox.errors import InfrastructureError
from ocr_inbox.findings import Finding, bad, doubtful, good
from ocr_inbox.options import bucket_options
from ocr_inbox.report import Voice, voice_of
from ocr_inbox.s3 import BucketOptions, Connection
from ocr_inbox.s3.habits import probe
from ocr_inbox.s3.refusals import named
from ocr_inbox.settings import BucketSettings, Settings

_PATIENCE = 30.0
_LOOK_SECONDS = 0.2
_REMEDY = "docs/object-stores.md says which rights it needs"


def released(settings: Settings) -> list[Finding]:
    """What became of one canary in each bucket; takes half a minute for a bucket whose events do not arrive."""
    return [finding for bucket in settings.buckets for finding in _bucket(settings, bucket)]


def _bucket(settings: Settings, bucket: BucketSettings) -> Iterator[Finding]:
    subject, options = f"canary in {bucket.name}", bucket_options(settings, bucket, not_before=0.0)
    try:
        client = Connection(options.store).client()
        abilities = probe(client, options.sidecar_place)
        conditional = "conditional writes work" if abilities.put_new else "there are no conditional writes"
        yield good(subject, f"sidecars can be left; {conditional}")
        if bucket.events != "none":
            yield _event(settings, bucket, options, client)
    except InfrastructureError as error:
        yield bad(subject, str(error), _REMEDY)


def _event(settings: Settings, bucket: BucketSettings, options: BucketOptions, client: Any) -> Finding:
    subject = f"events of {bucket.name}"
    voice = voice_of(settings)
    before = _heard(voice, bucket.name)
    if before is None:
        why = voice.silence or "the daemon does not know this inbox"
        return doubtful(subject, f"nobody listens: {why}", "start the daemon with this configuration, and ask again")
    target = {"Bucket": options.bucket, "Key": f"{options.prefix}.ocr-inbox-canary-{secrets.token_hex(8)}"}
    with named(f"write into bucket {options.bucket}"):
        client.put_object(**target, Body=b"canary")
    began = time.monotonic()
    try:
        while time.monotonic() - began < _PATIENCE:
            if (_heard(voice_of(settings), bucket.name) or 0) > before:
                return good(subject, f"heard after {time.monotonic() - began:.1f} s")
            time.sleep(_LOOK_SECONDS)
    finally:
        with named(f"take the canary out of bucket {options.bucket}"):
            client.delete_object(**target)
    remedy = f"see that the bucket sends s3:ObjectCreated:* to {bucket.events} (docs/object-stores.md)"
    return doubtful(subject, f"nothing was heard in {_PATIENCE:.0f} s; scans find new objects all the same", remedy)


def _heard(voice: Voice, inbox: str) -> int | None:
    health = voice.health
    return int(health["inboxes"][inbox]["heard"]) if health and inbox in health["inboxes"] else None
