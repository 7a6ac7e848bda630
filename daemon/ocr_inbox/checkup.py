"""What `doctor` looks at: each finding says how it is and, where that is not well, how to mend it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from ocr_inbox.errors import ConfigurationError, InfrastructureError, OcrInboxError
from ocr_inbox.findings import Finding, bad, doubtful, good
from ocr_inbox.http import listen
from ocr_inbox.options import api_keys, bucket_options
from ocr_inbox.pipelines import plans
from ocr_inbox.premises import running_pid
from ocr_inbox.s3.history import stretches
from ocr_inbox.settings import BucketSettings, InboxSettings, Settings

_FEW_WATCHES = 65_536
_FREE_BYTES = 1 << 30
_IMPORT_SECONDS = 120
_SYSTEMD_SECONDS = 5
_SOCKET = "ocr-inbox.socket"


def examine(settings: Settings) -> list[Finding]:
    """Everything, in the order in which a start would need it."""
    return [
        *_libraries(settings),
        *_models(settings),
        _state(settings),
        *(_folder(inbox) for inbox in settings.inboxes),
        *(_bucket(settings, bucket) for bucket in settings.buckets),
        _inotify(),
        *_api(settings),
    ]


def _libraries(settings: Settings) -> Iterator[Finding]:
    """Import the native libraries in a process of their own: what is missing there ends only that process."""
    for module, remedy in (
        ("cv2", "install OpenCV's system libraries: apt install libgl1 libglib2.0-0 (dnf install mesa-libGL glib2)"),
        (_engine_module(settings), "install the engine, or choose another with pipelines.text.engine"),
    ):
        command = [sys.executable, "-c", f"import {module}; print({module}.__version__)"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=_IMPORT_SECONDS, check=False)
        if done.returncode == 0:
            yield good(f"library {module}", f"version {done.stdout.strip()}")
        else:
            last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
            yield bad(f"library {module}", f"cannot be loaded: {last}", remedy)


def _engine_module(settings: Settings) -> str:
    return settings.pipelines.text.engine


def _models(settings: Settings) -> Iterator[Finding]:
    from ocr_inbox.paddle.models import model_folder

    if settings.models.source == "official":
        yield good("models", "PaddleOCR fetches them itself at the first start")
        return
    for name in dict.fromkeys(name for plan in plans(settings) for name in plan.models):
        try:
            yield good(f"model {name}", str(model_folder(settings.models.cache, name)))
        except OcrInboxError as error:
            yield bad(f"model {name}", str(error), f"run: ocr-inbox models pull {name}")


def _state(settings: Settings) -> Finding:
    folder = _nearest(settings.state_dir)
    if not os.access(folder, os.W_OK | os.X_OK):
        return bad("state_dir", f"cannot write into {folder}", f"chown it to the daemon's user: {settings.state_dir}")
    free = shutil.disk_usage(folder).free
    if free < _FREE_BYTES:
        return doubtful("state_dir", f"{free >> 20} MB are free on its disk", "free some space: uploads lie here")
    return good("state_dir", f"{settings.state_dir}, {free >> 30} GB free")


def _folder(inbox: InboxSettings) -> Finding:
    subject = f"inbox {inbox.name}"
    if not inbox.folder.is_dir():
        remedy = "it will be made" if inbox.create else f"make it or mount it: {inbox.folder} (or set create = true)"
        return doubtful(subject, f"{inbox.folder} is not there", remedy)
    if not os.access(inbox.folder, os.R_OK | os.W_OK | os.X_OK):
        return bad(subject, f"{inbox.folder} cannot be read and written", "give the daemon's user rwx on it")
    for target in inbox.targets():
        if not os.access(_nearest(target), os.W_OK | os.X_OK):
            return bad(subject, f"{target} cannot be written", "give the daemon's user rwx on it")
    return good(subject, str(inbox.folder))


def _bucket(settings: Settings, bucket: BucketSettings) -> Finding:
    subject, where = f"inbox {bucket.name}", f"bucket {bucket.bucket}"
    try:
        next(stretches(bucket_options(settings, bucket, not_before=0.0)), None)
    except InfrastructureError as error:
        return bad(subject, f"{where} does not answer: {error}", "docs/object-stores.md says what it needs")
    return good(subject, f"{where} can be listed; `ocr-inbox doctor --canary` tries the rest")


def _inotify() -> Finding:
    try:
        watches = int(Path("/proc/sys/fs/inotify/max_user_watches").read_text(encoding="ascii"))
    except OSError:
        return doubtful("inotify", "this system has none", "inboxes are polled; set poll_seconds to your taste")
    if watches < _FEW_WATCHES:
        remedy = f"sysctl fs.inotify.max_user_watches=524288 if the inboxes hold more than {watches} folders"
        return doubtful("inotify", f"{watches} watches", remedy)
    return good("inotify", f"{watches} watches")


def _api(settings: Settings) -> Iterator[Finding]:
    if not settings.api.enabled:
        yield good("api", "switched off")
        return
    yield _port(settings)
    try:
        api_keys(settings)
    except ConfigurationError as error:
        yield bad("api", str(error), "write one key a line into it, readable by the daemon's user")


def _port(settings: Settings) -> Finding:
    address = f"{settings.api.host}:{settings.api.port}"
    try:
        listen(settings.api.host, settings.api.port).close()
    except ConfigurationError as error:
        holder = _holder(settings)
        if holder is None:
            return doubtful("api", str(error), "see above; this is well where it is the daemon, of another user")
        return good("api", f"{holder} has {address}")
    return good("api", f"{address} is free")


def _holder(settings: Settings) -> str | None:
    """Who of ours has the port; asked without connecting, because that would start a daemon that was stopped."""
    with suppress(OSError):
        if (pid := running_pid(settings.state_dir)) is not None:
            return f"the daemon (pid {pid})"
    for manager in (["systemctl"], ["systemctl", "--user"]):
        with suppress(OSError, subprocess.TimeoutExpired):
            shown = subprocess.run(
                [*manager, "show", _SOCKET, "--property=ActiveState,Listen"],
                capture_output=True,
                text=True,
                timeout=_SYSTEMD_SECONDS,
                check=False,
            ).stdout
            if "ActiveState=active" in shown and f":{settings.api.port} (Stream)" in shown:
                return f"{_SOCKET}, which starts the daemon when somebody connects,"
    return None


def _nearest(path: Path) -> Path:
    """The path itself or, while it does not exist, the folder in which it would be made."""
    while not path.exists() and path != path.parent:
        path = path.parent
    return path
