#!/usr/bin/env bash
# Boots a throw-away copy of this machine: real systemd as PID 1, over an overlay in memory. Needs root.
# usage: boot.sh NAME STAGE [OPTION OF systemd-nspawn ...]     what lies in STAGE is copied over the copy's root
# Everything is mounted in a mount namespace of its own: when this process ends, however it ends, nothing is left but
# empty cgroups of this NAME.
set -euo pipefail

if [[ ${1-} != --mine ]]; then
    exec unshare --mount --propagation private --pid --fork --mount-proc --kill-child -- "$0" --mine "$@"
fi
readonly name=$2 stage=$3
shift 3

mount -t tmpfs none /run/systemd/nspawn 2>/dev/null || true
readonly place=/mnt
mount -t tmpfs -o size=4g,mode=755 ocr-inbox-test "$place"
mkdir "$place/upper" "$place/work" "$place/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$place/upper,workdir=$place/work" "$place/root"
rm -f "$place/root/etc/machine-id"
systemd-id128 new >"$place/root/etc/machine-id"
cp -a "$stage/." "$place/root/"

# A cgroup of its own, so that nothing outside is moved. cgroup v1 has hierarchies without controllers for it.
for hierarchy in /sys/fs/cgroup /sys/fs/cgroup/systemd /sys/fs/cgroup/unified; do
    if [[ -e $hierarchy/cgroup.procs ]]; then
        mkdir -p "$hierarchy/$name"
        echo $$ >"$hierarchy/$name/cgroup.procs"
    fi
done

# cgroup v2, as all of today have it; where this one has v1, without controllers.
export SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1
exec nice -n 5 systemd-nspawn --quiet --register=no --keep-unit --machine="$name" --private-network --console=pipe \
    --resolv-conf=off --timezone=off --link-journal=no "$@" --directory="$place/root" --boot systemd.unit=basic.target
