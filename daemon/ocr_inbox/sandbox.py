"""What the sandbox of the systemd unit must open for a configuration, and what else it may close."""

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from ocr_inbox.errors import ConfigurationError
from ocr_inbox.settings import Settings, is_loopback

_ITS_OWN = ("/var/lib/ocr-inbox", "/var/cache/ocr-inbox", "/var/log/ocr-inbox", "/run/ocr-inbox", "/run/credentials")
"""What systemd/ocr-inbox.service opens by itself."""
_HOMES = ("/home", "/root", "/run/user")
_TEMPORARY = ("/tmp", "/var/tmp")  # noqa: S108 - what PrivateTmp= hides, not where we write
GroupOf = Callable[[Path], str | None]
"""The group by which the daemon may write into a folder, where it needs one for that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Openings:
    """Paths by how they are opened: `bound` ones lie where the sandbox shows nothing.

    `missing` are those of them that are not there yet; `only_this_machine` says that nothing needs a network.
    """

    writable: tuple[Path, ...]
    bound: tuple[Path, ...]
    bound_read_only: tuple[Path, ...]
    missing: tuple[Path, ...]
    groups: tuple[str, ...]
    only_this_machine: bool

    @property
    def in_homes(self) -> bool:
        """Whether something lies below the folders that ProtectHome= hides."""
        return any(_below(path, _HOMES) for path in (*self.bound, *self.bound_read_only))


def openings(settings: Settings, config: Path, group_of: GroupOf) -> Openings:
    """What the daemon needs beside its own folders with this configuration, which lies in the file `config`."""
    written = [path for path in _distinct(_written(settings)) if not _below(path, _ITS_OWN)]
    hidden = [path for path in written if _is_hidden(path)]
    read = [path for path in _distinct((config, *_read(settings))) if _is_hidden(path) and not _below(path, hidden)]
    groups = {group for path in written if (group := group_of(path))}
    return Openings(
        writable=tuple(path for path in written if path not in hidden),
        bound=tuple(hidden),
        bound_read_only=tuple(read),
        missing=tuple(path for path in (*written, *read) if not path.exists()),
        groups=tuple(sorted(groups)),
        only_this_machine=_only_this_machine(settings),
    )


def _written(settings: Settings) -> Iterator[Path]:
    yield settings.state_dir
    for inbox in settings.inboxes:
        yield inbox.folder
        yield from inbox.targets()
    if settings.models.folder and settings.models.source == "official":
        yield settings.models.cache.parent


def _read(settings: Settings) -> Iterator[Path]:
    api = settings.api
    files = [api.key_file, api.event_key_file, settings.models.folder]
    for store in settings.stores:
        files += [store.access_key_file, store.secret_key_file, store.ca_file]
    yield from filter(None, files)


def _distinct(paths: Iterator[Path] | tuple[Path, ...]) -> list[Path]:
    """Where they really lie, without those that lie inside another."""
    real = {Path(os.path.realpath(path)) for path in paths}
    return sorted(path for path in real if real.isdisjoint(path.parents))


def _is_hidden(path: Path) -> bool:
    return _below(path, (*_HOMES, *_TEMPORARY))


def _below(path: Path, folders: tuple[str, ...] | list[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def _only_this_machine(settings: Settings) -> bool:
    document = settings.pipelines.document
    return (
        not settings.buckets
        and settings.models.source == "bundled"
        and (is_loopback(settings.api.host) or not settings.api.enabled)
        and (is_loopback(urlsplit(document.server_url).hostname or "") or not document.enabled)
    )


def drop_in(wanted: Openings, config: Path) -> str:
    """The lines for ocr-inbox.service.d/paths.conf; raises ConfigurationError for a path that no unit file can name."""
    lines = [f"# Made by `ocr-inbox systemd paths` from {config}; make it anew when inboxes change."]
    lines += [f"# {path} is not there yet: make it, then restart the daemon." for path in wanted.missing]
    lines += ["[Service]"]
    lines += [f"ReadWritePaths={_word(path)}" for path in wanted.writable]
    if wanted.in_homes:
        lines += [
            "# An inbox lies in a home: of all homes, the daemon sees that much and nothing else.",
            "ProtectHome=tmpfs",
        ]
    lines += [f"BindPaths={_word(path)}" for path in wanted.bound]
    lines += [f"BindReadOnlyPaths={_word(path)}" for path in wanted.bound_read_only]
    if wanted.groups:
        lines += [
            "# By these groups the daemon may write into their folders.",
            f"SupplementaryGroups={' '.join(wanted.groups)}",
        ]
    if wanted.only_this_machine:
        lines += ["# Nothing in the configuration needs a network.", "IPAddressDeny=any", "IPAddressAllow=localhost"]
    return "\n".join(lines) + "\n"


def _word(path: Path) -> str:
    """A path in quotes as unit files have them; systemd leaves it out while there is nothing of that name."""
    if not str(path).isprintable():
        raise ConfigurationError(f"cannot name {str(path)!r} in a unit file; choose a path without control characters")
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"-{escaped}"'


def socket_drop_in(settings: Settings) -> str:
    """The lines for ocr-inbox.socket.d/address.conf."""
    host = "127.0.0.1" if settings.api.host == "localhost" else settings.api.host
    address = f"[{host}]" if ":" in host else host
    return f"[Socket]\nListenStream=\nListenStream={address}:{settings.api.port}\n"
