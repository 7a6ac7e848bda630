#!/usr/bin/env bash
# `make install` and `make uninstall`. A second run changes nothing, and what you edited in /etc stays as it is.
# From the environment: PYTHON (which interpreter the daemon gets), DESTDIR (a root to install into, for packages),
# MODELS=1 (fetch the models too), BINDIR, SYSTEMD_VERSION (of the machine that it is for, where that is not this one).
set -euo pipefail
cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")/.."
umask 022

readonly python=${PYTHON:-/usr/bin/python3} bin=${BINDIR:-/usr/local/bin}
root=${DESTDIR:+$(realpath --canonicalize-missing -- "$DESTDIR")}  # a virtual environment knows itself by its whole path
readonly root
readonly home=/opt/ocr-inbox units=/usr/lib/systemd/system
readonly venv=$root$home/venv building=$root$home/venv.new

# MODE SOURCE TARGET
readonly files="
    644 systemd/ocr-inbox.service           $units/ocr-inbox.service
    644 systemd/ocr-inbox.socket            $units/ocr-inbox.socket
    644 systemd/ocr-inbox-backup.service    $units/ocr-inbox-backup.service
    644 systemd/ocr-inbox-backup.timer      $units/ocr-inbox-backup.timer
    644 systemd/paddle-vl-vllm.service      $units/paddle-vl-vllm.service
    644 systemd/user/ocr-inbox.service      /usr/lib/systemd/user/ocr-inbox.service
    644 systemd/ocr-inbox.socket            /usr/lib/systemd/user/ocr-inbox.socket
    644 systemd/ocr-inbox.sysusers          /usr/lib/sysusers.d/ocr-inbox.conf
    644 systemd/ocr-inbox.tmpfiles          /usr/lib/tmpfiles.d/ocr-inbox.conf
    644 systemd/ocr-inbox.catalog           /usr/lib/systemd/catalog/ocr-inbox.catalog
    644 systemd/drop-ins/nvidia.conf        $home/drop-ins/nvidia.conf
    644 systemd/drop-ins/systemd-254.conf   $home/drop-ins/systemd-254.conf
    644 docs/operations.md                  $home/doc/operations.md
    644 docs/object-stores.md               $home/doc/object-stores.md
    644 LICENSE                             $home/doc/LICENSE
    644 CHANGELOG.md                        $home/doc/CHANGELOG.md
    755 paddle-vl_vllm_service/docker_vlm_deploy.sh $home/paddle-vl_vllm_service/docker_vlm_deploy.sh
    644 paddle-vl_vllm_service/compose.yaml $home/paddle-vl_vllm_service/compose.yaml
    644 paddle-vl_vllm_service/README.md    $home/paddle-vl_vllm_service/README.md
"
# SOURCE TARGET, for people to edit
readonly settings="
    paddle-vl_vllm_service/.env.example     /etc/ocr-inbox/paddle-vl.env
    paddle-vl_vllm_service/vllm_config.yaml /etc/ocr-inbox/vllm_config.yaml
"
# TARGET LINK
readonly links="
    $home/venv/bin/ocr-inbox        $bin/ocr-inbox
    /etc/ocr-inbox/paddle-vl.env    $home/paddle-vl_vllm_service/.env
    /etc/ocr-inbox/vllm_config.yaml $home/paddle-vl_vllm_service/vllm_config.yaml
"
readonly newer_unit=$units/ocr-inbox.service.d/systemd-254.conf

give_up() {
    echo "install.sh: $1" >&2
    exit 1
}

each() {  # FUNCTION LINES
    local line words
    while read -r line; do
        read -ra words <<<"$line"
        [[ -z $line ]] || "$1" "${words[@]}"
    done <<<"$2"
}

demand_a_python_for_services() {
    local place
    place=$("$python" -c 'import os, sys; print(os.path.realpath(sys.base_prefix)); sys.exit(sys.version_info < (3, 10))') ||
        give_up "cannot use $python: ocr-inbox needs Python 3.10 or newer; say which: make install PYTHON=/usr/bin/python3.12"
    case $place in
        /home/* | /root/*) give_up "cannot use $python: it lies in $place, and services may not look into homes; \
name another: make install PYTHON=/usr/bin/python3" ;;
    esac
}

fingerprint() {  # FILE OR FOLDER ...
    "$python" -VV
    find "$@" -type f ! -path '*/__pycache__/*' -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
}

is_noted() {  # NAME FINGERPRINT
    [[ $2 == "$(cat "$venv/$1.fingerprint" 2>/dev/null)" ]]
}

build_libraries() {
    "$python" -m venv "$building" || give_up "cannot make a virtual environment: apt install python3-venv"
    "$building/bin/python" -m pip install --quiet --no-compile --require-hashes -r requirements.lock
    compile "$building"/lib/*/site-packages
}

build_program() {
    "$building/bin/python" -m pip install --quiet --no-compile --no-deps --force-reinstall .
    compile "$building"/lib/*/site-packages/ocr_inbox{,_api}
    rm -f "$building"/lib/*/site-packages/ocr_inbox-*.dist-info/direct_url.json  # where it was built concerns nobody
    grep -rlIZ -- "$building" "$building/bin" "$building/pyvenv.cfg" | xargs -0 sed -i "s|$building|$home/venv|g"
}

compile() {  # FOLDER ...; nothing is written there while it runs, and a package may not keep the times Python goes by
    PYTHONWARNINGS=ignore "$building/bin/python" -m compileall -qq -j 0 --invalidation-mode unchecked-hash \
        -s "$building" -p "$home/venv" "$@" || true  # some libraries ship templates that are no Python
}

install_program() {
    local libraries program
    libraries=$(fingerprint requirements.lock) program=$(fingerprint daemon api pyproject.toml README.md LICENSE)
    if is_noted libraries "$libraries" && is_noted program "$program"; then
        return
    fi
    rm -rf "$building"
    mkdir -p "$root$home"
    if is_noted libraries "$libraries"; then
        cp -al "$venv" "$building"  # as links: what changes is written anew, and the daemon keeps what it has open
    else
        build_libraries
    fi
    build_program
    rm -f "$building"/*.fingerprint
    echo "$libraries" >"$building/libraries.fingerprint"
    echo "$program" >"$building/program.fingerprint"
    # At once, so that a daemon that runs never finds half of each.
    rm -rf "$venv.old"
    [[ ! -e $venv ]] || mv "$venv" "$venv.old"
    mv "$building" "$venv"
    rm -rf "$venv.old"
}

place_file() {  # MODE SOURCE TARGET
    cmp -s "$2" "$root$3" && [[ $(stat -c %a "$root$3") == "$1" ]] || install -D -m "$1" "$2" "$root$3"
}

place_setting() {  # SOURCE TARGET; beside the example of the last time one sees what was edited
    local example=$home/examples/${2##*/} target=$root$2
    if [[ ! -e $target ]] || cmp -s "$target" "$root$example"; then
        place_file 644 "$1" "$2"
    elif ! cmp -s "$1" "$root$example"; then
        echo "$2 is as you edited it; the new example is $example"
    fi
    place_file 644 "$1" "$example"
}

place_configuration() {  # with models where the daemon's user finds them, whoever runs a command
    local example
    example=$(mktemp)
    sed 's|^# \(folder = "/var/cache/\)|\1|' configs/ocr-inbox.toml >"$example"
    place_setting "$example" /etc/ocr-inbox/ocr-inbox.toml
    rm "$example"
}

place_link() {  # TARGET LINK
    mkdir -p "$(dirname "$root$2")"
    [[ $(readlink "$root$2" || true) == "$1" ]] || ln -sfn "$1" "$root$2"
}

remove_file() {  # ... TARGET
    rm -f "$root${!#}"
}

place_newer_unit() {
    local version=${SYSTEMD_VERSION:-$(systemctl --version | sed -n '1s/^systemd \([0-9]*\).*/\1/p')}
    if ((version >= 254)); then
        place_file 644 systemd/drop-ins/systemd-254.conf "$newer_unit"
    else
        remove_file "$newer_unit"
    fi
}

tell_the_machine() {
    [[ -z $root ]] || return 0
    systemd-sysusers ocr-inbox.conf
    systemd-tmpfiles --create ocr-inbox.conf
    journalctl --update-catalog
    reload_units
}

reload_units() {
    [[ -n $root || ! -d /run/systemd/system ]] || systemctl daemon-reload
}

cache_in() {  # FOLDER
    printf "state_dir = '/var/lib/ocr-inbox'\n[models]\nfolder = '%s'\n" "$1"
}

put_in() {
    demand_a_python_for_services
    install_program
    each place_file "$files"
    each place_setting "$settings"
    place_configuration
    each place_link "$links"
    [[ -d $root/etc/ocr-inbox/secrets ]] || install -d -m 700 "$root/etc/ocr-inbox/secrets"
    place_newer_unit
    if [[ ${MODELS:-} == 1 ]]; then
        "$venv/bin/python" -m ocr_inbox models pull --config <(cache_in "$root/var/cache/ocr-inbox/models")
    fi
    tell_the_machine
    echo "ocr-inbox is in ${root:-/}; next: edit /etc/ocr-inbox/ocr-inbox.toml, then $home/doc/operations.md"
}

take_out() {
    if [[ -z $root && -d /run/systemd/system ]]; then
        systemctl disable --now ocr-inbox.socket ocr-inbox.service ocr-inbox-backup.timer paddle-vl-vllm.service || true
    fi
    each remove_file "$files"
    each remove_file "$links"
    remove_file "$newer_unit"
    rmdir "$root${newer_unit%/*}" 2>/dev/null || true
    rm -rf "$root$home"
    reload_units
    echo "left as they are: /etc/ocr-inbox, /var/lib/ocr-inbox, /var/cache/ocr-inbox, /var/log/ocr-inbox and the user ocr-inbox"
}

case ${1-} in
    install) put_in ;;
    uninstall) take_out ;;
    *) give_up "usage: install.sh install | uninstall" ;;
esac
