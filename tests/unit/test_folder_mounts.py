import pytest

from ocr_inbox.folder.mounts import is_shared, kind_of

MOUNTS = rb"""22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw
40 27 0:50 / /mnt rw - tmpfs none rw
41 27 0:51 / /srv/scans rw,relatime shared:1 master:2 - nfs4 nas:/scans rw,vers=4.2
42 41 0:52 / /srv/scans/local rw - tmpfs none rw
43 27 0:53 / /srv/with\040space\134and\011tab rw - cifs //nas/share rw
44 27 0:54 / /mnt rw - fuse.sshfs user@host:/ rw
45 27 0:55 / /srv/caf\xe9 rw - 9p host rw
""".replace(rb"\xe9", b"\xe9")


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/home/scans", "ext4"),
        ("/srv/scans", "nfs4"),
        ("/srv/scans/text/a", "nfs4"),
        ("/srv/scansion", "ext4"),
        ("/srv/scans/local/a", "tmpfs"),
        ("/srv/with space\\and\ttab/a", "cifs"),
        ("/mnt/a", "fuse.sshfs"),
        ("/srv/caf\udce9/a", "9p"),
    ],
)
def test_the_longest_mount_point_decides_and_the_last_of_several(path: str, kind: str) -> None:
    assert kind_of(path, MOUNTS) == kind


def test_a_path_on_this_machine_is_on_some_file_system() -> None:
    assert kind_of("/proc/self") == "proc"


def test_without_any_mounts_the_kind_is_unknown() -> None:
    assert kind_of("/srv", b"") == ""
    assert not is_shared("")


@pytest.mark.parametrize("kind", ["nfs", "nfs4", "cifs", "smb3", "fuse.sshfs", "fuse.bindfs", "fuse", "9p", "virtiofs"])
def test_others_may_write_to_network_file_systems(kind: str) -> None:
    assert is_shared(kind)


@pytest.mark.parametrize("kind", ["ext4", "xfs", "btrfs", "zfs", "tmpfs", "overlay", "fuseblk", "vfat"])
def test_nobody_else_writes_to_a_local_file_system(kind: str) -> None:
    assert not is_shared(kind)
