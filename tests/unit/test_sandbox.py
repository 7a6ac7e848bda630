"""The sandbox is opened for what a configuration needs, and for nothing else."""

from pathlib import Path
from typing import Any

import pytest

from ocr_inbox.errors import ConfigurationError
from ocr_inbox.sandbox import Openings, drop_in, openings, socket_drop_in
from ocr_inbox.settings import Settings

CONFIG = Path("/etc/ocr-inbox/ocr-inbox.toml")
BUCKET = {"name": "bucket", "bucket": "scans"}


def settings_with(folder: str = "/srv/scans", **keys: Any) -> Settings:
    inbox = {"name": "scans", "folder": folder, **keys.pop("inbox", {})}
    return Settings.model_validate({"state_dir": "/var/lib/ocr-inbox", "inboxes": [inbox], **keys})


def opened(settings: Settings, config: Path = CONFIG) -> Openings:
    return openings(settings, config, lambda _: None)


def lines_of(settings: Settings) -> list[str]:
    return drop_in(opened(settings), CONFIG).splitlines()


def test_inboxes_and_the_folders_that_documents_are_moved_to_are_writable() -> None:
    moved = {"after": "archive", "archive": "/mnt/archive", "after_failure": "move"}
    assert opened(settings_with(inbox=moved)).writable == (Path("/mnt/archive"), Path("/srv/scans"))
    assert 'ReadWritePaths="-/mnt/archive"' in lines_of(settings_with(inbox=moved))


def test_what_the_unit_opens_by_itself_is_not_named_again() -> None:
    assert opened(settings_with("/var/lib/ocr-inbox-scans")).writable == (Path("/var/lib/ocr-inbox-scans"),)


def test_a_state_directory_elsewhere_is_writable() -> None:
    settings = settings_with().model_copy(update={"state_dir": Path("/data/ocr")})
    assert opened(settings).writable == (Path("/data/ocr"), Path("/srv/scans"))


def test_an_inbox_in_a_home_is_bound_into_homes_that_are_empty_otherwise() -> None:
    settings = settings_with("/home/ann/scans")
    assert opened(settings).bound == (Path("/home/ann/scans"),)
    assert {"ProtectHome=tmpfs", 'BindPaths="-/home/ann/scans"'} < set(lines_of(settings))
    assert "ProtectHome=tmpfs" not in lines_of(settings_with())


def test_an_inbox_among_temporary_files_is_bound_and_homes_stay_closed() -> None:
    settings = settings_with("/tmp/scans")  # noqa: S108 - nothing is written there
    assert 'BindPaths="-/tmp/scans"' in lines_of(settings)
    assert "ProtectHome=tmpfs" not in lines_of(settings)


def test_a_link_into_a_home_counts_as_what_it_leads_to(tmp_path: Path) -> None:
    link = tmp_path / "scans"
    link.symlink_to("/home/ann/scans")
    assert opened(settings_with(str(link))).bound == (Path("/home/ann/scans"),)


def test_files_that_are_only_read_are_bound_where_they_would_be_hidden() -> None:
    settings = settings_with(
        api={"key_file": "/root/keys", "event_key_file": "/etc/ocr-inbox/event-keys"},
        models={"folder": "/home/models"},
        stores=[{"name": "s", "access_key_file": "/home/s3/a", "secret_key_file": "/run/credentials/x/secret_b"}],
    )
    hidden = ("/home/models", "/home/s3/a", "/root/keys", "/root/ocr-inbox.toml")
    assert opened(settings, Path("/root/ocr-inbox.toml")).bound_read_only == tuple(map(Path, hidden))


def test_official_models_are_fetched_into_their_folder() -> None:
    settings = settings_with(models={"source": "official", "folder": "/data/models/official"})
    assert Path("/data/models") in opened(settings).writable


def test_what_is_not_there_yet_is_told(tmp_path: Path) -> None:
    present, absent = tmp_path / "present", tmp_path / "absent"
    present.mkdir()
    moved = {"after": "archive", "archive": str(absent)}
    assert opened(settings_with(str(present), inbox=moved)).missing == (absent,)


def test_the_groups_of_the_folders_are_joined_once() -> None:
    moved = {"after": "archive", "archive": "/mnt/archive"}
    wanted = openings(settings_with(inbox=moved), CONFIG, lambda _: "scanners")
    assert wanted.groups == ("scanners",)
    assert "SupplementaryGroups=scanners" in drop_in(wanted, CONFIG)


@pytest.mark.parametrize(
    ("keys", "alone"),
    [
        ({}, True),
        ({"api": {"host": "0.0.0.0", "allow_anonymous": True}}, False),  # noqa: S104 - nothing listens
        ({"api": {"host": "0.0.0.0", "allow_anonymous": True, "enabled": False}}, True),  # noqa: S104 - likewise
        ({"buckets": [BUCKET]}, False),
        ({"models": {"source": "official"}}, False),
        ({"pipelines": {"document": {"server_url": "http://gpu.example.net:8118/v1"}}}, False),
        ({"pipelines": {"document": {"server_url": "http://gpu.example.net/v1", "enabled": False}}}, True),
        ({"pipelines": {"document": {"server_url": "http://[::1]:8118/v1"}}}, True),
    ],
)
def test_where_nothing_needs_a_network_there_is_none(*, keys: dict[str, Any], alone: bool) -> None:
    settings = settings_with(**keys)
    assert opened(settings).only_this_machine == alone
    assert ("IPAddressDeny=any" in lines_of(settings)) == alone


@pytest.mark.parametrize(
    ("folder", "word"),
    [
        ("/srv/in box", '"-/srv/in box"'),
        ('/srv/"now"', r'"-/srv/\"now\""'),
        ("/srv/100%", '"-/srv/100%%"'),
        ("/srv/back\\slash", r'"-/srv/back\\slash"'),
        ("/srv/文書", '"-/srv/文書"'),
    ],
)
def test_a_path_is_written_as_systemd_reads_it(folder: str, word: str) -> None:
    assert f"ReadWritePaths={word}" in lines_of(settings_with(folder))


def test_a_path_that_no_unit_file_can_name_is_refused() -> None:
    with pytest.raises(ConfigurationError, match="control characters"):
        lines_of(settings_with("/srv/two\nlines"))


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.0.0.1", "127.0.0.1:8091"), ("::1", "[::1]:8091"), ("localhost", "127.0.0.1:8091")],
)
def test_the_socket_listens_where_the_configuration_says(host: str, address: str) -> None:
    settings = settings_with(api={"host": host, "port": 8091})
    assert socket_drop_in(settings) == f"[Socket]\nListenStream=\nListenStream={address}\n"
