"""Which file systems tell of changes: on a network mount, other machines write without a word."""

import os
import re

_NETWORK = frozenset(
    {
        "9p",
        "afs",
        "beegfs",
        "ceph",
        "cifs",
        "coda",
        "fuse",
        "gfs2",
        "gpfs",
        "lustre",
        "ncpfs",
        "nfs",
        "nfs4",
        "ocfs2",
        "orangefs",
        "prl_fs",
        "pvfs2",
        "smb2",
        "smb3",
        "smbfs",
        "vboxsf",
        "virtiofs",
        "vmhgfs",
    }
)
_OCTAL = re.compile(rb"\\([0-7]{3})")


def is_shared(kind: str) -> bool:
    """Whether others may write to a file system of this type behind this machine's back."""
    return kind in _NETWORK or kind.startswith("fuse.")


def kind_of(path: str, mounts: bytes | None = None) -> str:
    """The type of the file system that holds an absolute path without links, such as "ext4"; "" if unknown.

    `mounts` is the content of /proc/self/mountinfo, which is read if it is not given; see proc_pid_mountinfo(5).
    """
    wanted = os.fsencode(path)
    best, kind = -1, b""
    for line in (_mountinfo() if mounts is None else mounts).splitlines():
        place, _, file_system = line.partition(b" - ")
        point = _OCTAL.sub(lambda found: bytes([int(found[1], 8)]), place.split(b" ")[4])
        if _holds(point, wanted) and len(point) >= best:  # the last of several at one place hides the others
            best, kind = len(point), file_system.split(b" ")[0]
    return kind.decode("ascii", "replace")


def _holds(point: bytes, path: bytes) -> bool:
    return point in (b"/", path) or path.startswith(point + b"/")


def _mountinfo() -> bytes:
    try:
        with open("/proc/self/mountinfo", "rb") as file:
            return file.read()
    except OSError:
        return b""
