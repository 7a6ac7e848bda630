"""How the daemon gets into a store, notices that its credentials were renewed, and says why it cannot."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from buckets import BucketSite, a_bucket_inbox, a_scan, assert_read
from listening import listening
from ocr_inbox.errors import AccessDeniedError, InboxUnavailableError
from ocr_inbox.ledger import Ledger
from ocr_inbox.objects import Store as StoreSettings
from ocr_inbox.s3 import Connection, lookout
from ocr_inbox.s3 import store as connecting
from running import eventually
from stores import Store, microburst
from stores.microburst import Fault


@pytest.fixture(autouse=True)
def _nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No credentials but those of a test, and they are looked up anew at once."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setattr(connecting, "_RENEWAL_SECONDS", 0.0)
    monkeypatch.setattr(lookout, "_FIRST_PAUSE", 0.1)


def write_profile(folder: Path, access_key: str, secret_key: str) -> None:
    text = f"[scans]\naws_access_key_id = {access_key}\naws_secret_access_key = {secret_key}\n"
    (folder / "credentials").write_text(text, encoding="ascii")


def by_profile(store: Store) -> StoreSettings:
    return StoreSettings(endpoint_url=store.endpoint, region=store.region, profile="scans")


def sessions_made(monkeypatch: pytest.MonkeyPatch) -> list[StoreSettings]:
    made: list[StoreSettings] = []
    make = connecting._session

    def counted(store: StoreSettings) -> object:
        made.append(store)
        return make(store)

    monkeypatch.setattr(connecting, "_session", counted)
    return made


def test_keys_that_are_written_anew_are_noticed(bucket: Store, ledger: Ledger, tmp_path: Path) -> None:
    bucket.put("in/scan.png", a_scan())
    stranger = replace(bucket, access_key="a stranger's", secret_key="guessed")  # noqa: S106 - it is
    inbox = a_bucket_inbox(stranger.settings(tmp_path), bucket.bucket)
    site = BucketSite(bucket, inbox, ledger)
    with site.working():
        problem = eventually(lambda: inbox.vitals().problem)
        assert problem is not None
        assert problem.endswith("the store does not know the access key; check the credentials")
        bucket.settings(tmp_path)
        site.until(1)
        eventually(lambda: inbox.vitals().problem is None)
    assert_read(bucket, {"in/scan.png": a_scan()})


def test_a_wrong_secret_is_said_so_and_a_right_one_noticed(bucket: Store, tmp_path: Path) -> None:
    write_profile(tmp_path, bucket.access_key, "guessed")
    inbox = a_bucket_inbox(by_profile(bucket), bucket.bucket)
    with listening(inbox):
        problem = eventually(lambda: inbox.vitals().problem)
        assert problem is not None
        assert problem.endswith("the secret key is wrong; check the credentials")
        write_profile(tmp_path, bucket.access_key, bucket.secret_key)
        eventually(lambda: inbox.vitals().last_scan_at)


@pytest.mark.parametrize("ask", ["head_bucket", "list_objects_v2"])
def test_credentials_that_have_expired_are_looked_up_again(
    faulty_bucket: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ask: str
) -> None:
    """What answers a HEAD has no room for a reason."""
    made = sessions_made(monkeypatch)
    connection = Connection(faulty_bucket.settings(tmp_path))
    microburst.tell(faulty_bucket, Fault(error="ExpiredToken", status=400, times=1))
    client = connection.client()
    with pytest.raises(client.exceptions.ClientError):
        getattr(client, ask)(Bucket=faulty_bucket.bucket)
    getattr(connection.client(), ask)(Bucket=faulty_bucket.bucket)
    assert connection.client() is not client
    assert len(made) == 2


def test_who_is_refused_all_the_time_does_not_look_credentials_up_all_the_time(
    faulty_bucket: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "_RENEWAL_SECONDS", 600.0)
    made = sessions_made(monkeypatch)
    connection = Connection(faulty_bucket.settings(tmp_path))
    microburst.tell(faulty_bucket, Fault(error="AccessDenied", status=403))
    for _ in range(5):
        with pytest.raises(connection.client().exceptions.ClientError):
            connection.client().list_objects_v2(Bucket=faulty_bucket.bucket)
    assert len(made) == 1


def test_a_profile_that_is_written_later_is_found(bucket: Store, tmp_path: Path) -> None:
    connection = Connection(by_profile(bucket))
    with pytest.raises(InboxUnavailableError, match=r"profile \(scans\) could not be found"):
        connection.client()
    write_profile(tmp_path, bucket.access_key, bucket.secret_key)
    assert connection.client().list_objects_v2(Bucket=bucket.bucket)["KeyCount"] == 0
    assert connection.credentials().access_key == bucket.access_key


def test_no_credentials_at_all_are_said_so(bucket: Store) -> None:
    connection = Connection(StoreSettings(endpoint_url=bucket.endpoint))
    with pytest.raises(AccessDeniedError, match="no credentials; set a profile, key files or an instance role"):
        connection.client()


def test_keys_that_cannot_be_read_are_said_so(bucket: Store, tmp_path: Path) -> None:
    settings = bucket.settings(tmp_path)
    (tmp_path / "secret-key").unlink()
    with pytest.raises(AccessDeniedError, match="let the daemon's user read their files"):
        Connection(settings).client()


def test_a_thread_keeps_its_client_and_shares_it_with_nobody(bucket: Store, tmp_path: Path) -> None:
    connection = Connection(bucket.settings(tmp_path))
    others: list[object] = []
    thread = threading.Thread(target=lambda: others.append(connection.client()))
    thread.start()
    thread.join()
    assert connection.client() is connection.client() is not others[0]


def test_a_server_of_one_s_own_needs_no_name_for_each_bucket(bucket: Store, tmp_path: Path) -> None:
    settings = replace(bucket.settings(tmp_path), addressing="auto")
    settings = replace(settings, endpoint_url=bucket.endpoint.replace("127.0.0.1", "localhost"))
    assert Connection(settings).client().list_objects_v2(Bucket=bucket.bucket)["KeyCount"] == 0
