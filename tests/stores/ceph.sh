#!/usr/bin/env bash
# A monitor, a disk and a gateway in this folder and in one process group; ceph.conf says where, $1 and $2 are the keys.
set -euo pipefail
export CEPH_CONF=$PWD/ceph.conf
fsid=$(ceph-conf fsid)

tied() { setpriv --pdeathsig KILL -- "$@" & }

if [[ ! -e made ]]; then
    mkdir mon osd rgw
    monmaptool --create --fsid "$fsid" --addv a "$(ceph-conf 'mon host')" monitors
    ceph-mon --mkfs --id a --monmap monitors --keyring keyring
fi
tied ceph-mon --foreground --id a
if [[ ! -e made ]]; then
    ceph osd new "$fsid"
    ceph-osd --mkfs --id 0 --osd-uuid "$fsid"
fi
tied ceph-osd --foreground --id 0
if [[ ! -e made ]]; then
    radosgw-admin user create --uid=tests --display-name=tests --access-key="$1" --secret-key="$2"
    touch made
fi
exec radosgw --foreground --name client.admin
