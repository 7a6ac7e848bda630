#!/usr/bin/env bash
# From what `make install DESTDIR=STAGE` made to a Debian package; it needs nfpm (NFPM says which).
# usage: pack.sh STAGE FOLDER [VERSION]
set -euo pipefail
(($# >= 2)) || { echo "usage: pack.sh STAGE FOLDER [VERSION]" >&2; exit 2; }
STAGE=$(readlink -f "$1") folder=$(readlink -f "$2")
cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/../.."

python=${PYTHON:-/usr/bin/python3}
[[ $("$python" -c 'import sys; print(sys.base_prefix)') == /usr ]] || {
    echo "pack.sh: cannot use $python: the package depends on Debian's own; say make deb PYTHON=/usr/bin/python3" >&2
    exit 1
}
PYTHON_MINOR=$("$python" -c 'import sys; print("3.%d" % sys.version_info[1])')
NEXT_PYTHON_MINOR=3.$((${PYTHON_MINOR#3.} + 1))
ARCH=$(dpkg --print-architecture)
VERSION=${3:-$(sed -n 's/^__version__ = "\(.*\)"/\1/p' daemon/ocr_inbox/__init__.py)}
export STAGE PYTHON_MINOR NEXT_PYTHON_MINOR ARCH VERSION
exec "${NFPM:-nfpm}" package --config systemd/deb/nfpm.yaml --packager deb --target "$folder/"
