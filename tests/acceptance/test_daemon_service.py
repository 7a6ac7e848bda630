"""A daemon under a service manager: it says how it is, lives while it makes progress, and reloads."""

import json
import os
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from journald import journald
from ocr_inbox.model import JobState
from pages import encoded, render_line, truncated
from running import PATIENCE, Daemon, Site, eventually, make_site
from service_manager import Manager, Told, listening_manager, passing

LINE = "Invoice 2041"
STRIP = encoded(render_line(LINE))
FED = {"WATCHDOG_USEC": "2000000"}
"""A watchdog that is fed three times a second."""


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    with listening_manager(str(tmp_path / "notify")) as manager:
        yield manager


def ready(told: Told) -> bool:
    return "READY" in told


def fed(told: Told) -> bool:
    return "WATCHDOG" in told


def status_of(daemon: Daemon) -> Any:
    return daemon.get("/api/v1/health").json()


def test_the_service_manager_hears_of_the_whole_life_of_a_daemon(site: Site, manager: Manager) -> None:
    with site.serving(NOTIFY_SOCKET=manager.address, **FED) as daemon:
        began = manager.wait_for(ready)
        assert began["MAINPID"] == str(daemon.process.pid)
        assert began["STATUS"] == "0 waiting, 0 running; 0 read since the start"
        daemon.wait_for_sidecar(site.drop(STRIP))
        manager.wait_for_status("1 read since the start")
        manager.wait_for(fed, since=manager.count())
        assert daemon.stop() == 0
    assert "STOPPING" in manager.wait_for(lambda told: "STOPPING" in told)
    assert [list(told) for told in manager.told].index(["STOPPING", "STATUS", "WATCHDOG", "EXTEND_TIMEOUT_USEC"]) > 0


def test_a_daemon_that_cannot_start_says_why(site: Site, manager: Manager) -> None:
    site.config.write_text("state_dri = 'state'\n", encoding="utf-8")
    with site.starting(NOTIFY_SOCKET=manager.address) as daemon:
        assert daemon.process.wait(PATIENCE) == 78
    assert "state_dri: unknown key" in manager.wait_for_status("cannot use the configuration")
    assert not any(map(ready, manager.told))


def test_a_lane_that_hangs_starves_the_watchdog(site: Site, manager: Manager) -> None:
    hang = {"HANG_AT": "ocr_inbox.dispatch:Lane._serve", "SET": "ocr_inbox.dispatch:_TURN_SECONDS=0.5"}
    with site.starting(NOTIFY_SOCKET=manager.address, **FED, **hang) as daemon:
        manager.wait_for_status("problems: text-0 hangs")
        said = site.events("loop_hung")[-1]
        assert said["loop"] == "text-0"
        assert "in hangs" in said["stack"]
        since = manager.count()
        for _ in range(3):  # each of these would feed it, if it could be fed
            before = manager.count()
            daemon.tell(signal.SIGHUP)
            manager.wait_for(ready, since=before)
        assert not any(map(fed, manager.told[since:]))


def test_an_inbox_that_hangs_is_a_problem_and_no_reason_to_die(tmp_path: Path, manager: Manager) -> None:
    site, hangs = make_site(tmp_path), tmp_path / "hangs"
    hangs.touch()
    hang = {
        "HANG_AT": "ocr_inbox.folder.lookout:Lookout._is_elsewhere",
        "HANG_WHILE": str(hangs),
        "SET": "ocr_inbox.intake:_BATCH_SECONDS=0.5",
    }
    with site.serving(NOTIFY_SOCKET=manager.address, **FED, **hang) as daemon:
        manager.wait_for_status("problems: inbox inbox")
        assert "has not answered" in status_of(daemon)["inboxes"]["inbox"]["problem"]
        assert site.events("answer_overdue")[0]["inbox"] == "inbox"
        manager.wait_for(fed, since=manager.count())
        assert daemon.post(STRIP).json()["result"]["text"] == LINE
        hangs.unlink()
        eventually(lambda: status_of(daemon)["inboxes"]["inbox"]["problem"] is None)
        eventually(lambda: site.events("loop_goes_on"))
        daemon.wait_for_sidecar(site.drop(STRIP, "text/late.png"))


def rules(pipeline: str) -> list[dict[str, str]]:
    return [{"match": "mail/**", "pipeline": pipeline}]


def reloaded(daemon: Daemon, manager: Manager) -> None:
    """Once the daemon says that it is ready again."""
    before = manager.count()
    daemon.tell(signal.SIGHUP)
    began = manager.wait_for(lambda told: "RELOADING" in told, since=before)
    assert int(began["MONOTONIC_USEC"]) > 0
    manager.wait_for(ready, since=before)


def test_a_reload_changes_what_it_can_and_names_the_rest(tmp_path: Path, manager: Manager) -> None:
    site = make_site(tmp_path, inboxes=[{"rules": [{"match": "text/**", "pipeline": "text"}]}])
    with site.serving(NOTIFY_SOCKET=manager.address) as daemon:
        site.drop(STRIP, "mail/early.png")
        assert daemon.wait_for_job("mail/early.png").state is JobState.SKIPPED
        make_site(
            tmp_path,
            port=site.port,
            inboxes=[{"rules": rules("text"), "reconcile_seconds": 2}],
            retry={"attempts": 1},
            top={"log_level": "warning"},
        )
        reloaded(daemon, manager)
        assert site.events("reloaded") == [], "the level is in force already"
        assert site.events("restart_needed")[0]["keys"] == ["inboxes.inbox.reconcile_seconds"]
        site.drop(STRIP, "mail/late.png")
        assert daemon.wait_for_job("mail/late.png").state is JobState.DONE
        assert site.job("mail/late.png").attempts_allowed == 1
    assert site.events("job_done") == []


def test_a_broken_configuration_is_refused_and_the_old_one_stays(site: Site, manager: Manager) -> None:
    with site.serving(NOTIFY_SOCKET=manager.address) as daemon:
        content = site.config.read_text(encoding="utf-8")
        site.config.write_text("state_dir =", encoding="utf-8")
        reloaded(daemon, manager)
        assert site.events("reload_refused")[0]["reason"].startswith("cannot read the configuration")
        manager.wait_for_status("problems: configuration")
        daemon.wait_for_sidecar(site.drop(STRIP))
        site.config.write_text(content, encoding="utf-8")
        reloaded(daemon, manager)
        assert site.events("reloaded")[0]["applied"] == []
        manager.wait_for(lambda told: told.get("STATUS", "problems").endswith("since the start"))


@contextmanager
def served_by(site: Site, listener: socket.socket) -> Iterator[Daemon]:
    with site.starting(before=passing(listener), pass_fds=(listener.fileno(),)) as daemon:
        daemon.wait_until_ready()
        yield daemon


def test_the_port_is_held_over_a_restart(site: Site) -> None:
    """As ocr-inbox.socket does: who connects while no daemon is there is answered by the next one."""
    with socket.create_server(("127.0.0.1", site.port)) as listener:
        with served_by(site, listener) as daemon:
            assert daemon.stop() == 0
        assert site.events("socket_elsewhere") == []
        with httpx.Client(timeout=2 * PATIENCE, trust_env=False) as client, socket.socket() as early:
            early.settimeout(2 * PATIENCE)
            early.connect(listener.getsockname())
            early.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            with served_by(site, listener) as daemon:
                assert early.recv(1 << 16).startswith(b"HTTP/1.1 200")
                assert client.get(f"{daemon.url}/livez").status_code == 200


def test_the_journal_can_be_asked_for_each_outcome(site: Site, tmp_path: Path) -> None:
    log = site.log
    log.touch()
    stream = f"{log.stat().st_dev}:{log.stat().st_ino}"
    with journald(tmp_path / "journal") as journal:
        change = {"JOURNAL_STREAM": stream, "SET": f"ocr_inbox.journal:SOCKET={journal.path}"}
        with site.serving(**change) as daemon:
            site.drop(truncated(STRIP), "text/broken.png")
            buried = journal.event("job_buried")
            assert daemon.stop() == 0
        journal.event("stopped")
    assert buried["MESSAGE"].startswith(b"Gave up text/broken.png in inbox inbox (job 1): cannot ")
    assert (buried["INBOX"], buried["PIPELINE"], buried["ERROR_CODE"]) == (b"inbox", b"text", b"unreadable")
    assert log.read_bytes() == b""


def test_a_daemon_that_cannot_start_tells_the_journal_once(site: Site, tmp_path: Path) -> None:
    site.log.touch()
    site.config.write_text("state_dri = 'state'\n", encoding="utf-8")
    stream = f"{site.log.stat().st_dev}:{site.log.stat().st_ino}"
    with journald(tmp_path / "journal") as journal:
        with site.starting(JOURNAL_STREAM=stream, SET=f"ocr_inbox.journal:SOCKET={journal.path}") as daemon:
            assert daemon.process.wait(PATIENCE) == 78
        ended = journal.event("ended")
    assert (ended["PRIORITY"], ended["ERROR_CODE"]) == (b"2", b"configuration")
    assert b"state_dri: unknown key" in ended["MESSAGE"]
    assert site.log.read_bytes() == b""


def test_a_closed_terminal_ends_a_daemon_that_was_started_there(site: Site) -> None:
    ours, theirs = os.openpty()
    with site.serving(stderr=theirs) as daemon:
        os.close(theirs)
        daemon.tell(signal.SIGHUP)
        assert daemon.process.wait(PATIENCE) == 0
    os.close(ours)


@pytest.mark.parametrize("locale", ["C", "POSIX", "no_SUCH.locale"])
def test_neither_locale_nor_time_zone_matter(site: Site, locale: str) -> None:
    """Names that are no UTF-8 included; Apia is fourteen hours ahead, so that its date is mostly another one."""
    name = os.fsdecode(b"text/r\xe9sum\xe9 \xc3\xbc.png")
    with site.serving(LANG=locale, LC_ALL=locale, TZ="Pacific/Apia") as daemon:
        sidecar = daemon.wait_for_sidecar(site.drop(STRIP, name))
        done = eventually(lambda: site.events("job_done"))
        assert daemon.stop() == 0
    assert done[0]["key"] == "text/r\\xe9sum\\xe9 ü.png"
    assert done[0]["timestamp"].endswith("Z")
    assert sidecar["result"]["text"] == LINE
    assert json.dumps(sidecar).count("+14:00") == json.dumps(sidecar).count("+13:00") == 0
