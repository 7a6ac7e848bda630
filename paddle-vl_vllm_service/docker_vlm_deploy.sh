#!/usr/bin/env bash
# Starts, stops and watches the PaddleOCR-VL server, from any folder; README.md explains it.
set -euo pipefail
cd -- "$(dirname -- "$(readlink -f -- "${BASH_SOURCE[0]}")")"

readonly service=paddleocr-vllm
readonly failed=1 wrong_usage=2 something_missing=69 too_late=75  # as ocr-inbox's own

give_up() {  # EXIT_CODE MESSAGE
    echo "docker_vlm_deploy.sh: $2" >&2
    exit "$1"
}

usage() {
    cat <<'END'
usage: docker_vlm_deploy.sh COMMAND
  up [-d]         start the server (-d: in the background)
  wait [SECONDS]  return when it answers; 900 seconds at most unless you say otherwise
  status          the container, and whether the server answers (exit code 0 or 1)
  logs [-f]       what it has logged
  restart         start it anew, with the present .env and vllm_config.yaml
  down            stop and remove it; models stay
What follows a command goes to docker compose.
END
}

need_docker() {
    command -v docker >/dev/null ||
        give_up "$something_missing" "cannot find docker: install Docker Engine 20.10 or newer"
    docker compose version >/dev/null 2>&1 ||
        give_up "$something_missing" "cannot run 'docker compose': install its plugin (docker-compose-plugin)"
    docker_info=$(docker info 2>/dev/null) ||
        give_up "$something_missing" "cannot reach the Docker daemon: start it, or join the group docker"
}

need_gpu() {
    # Docker hands out GPUs when it finds the hook; a registered runtime or a CDI device says that it is set up too.
    grep -qE 'Runtimes:.* nvidia( |$)|nvidia\.com/gpu' <<<"$docker_info" ||
        command -v nvidia-container-runtime-hook >/dev/null ||
        give_up "$something_missing" "cannot give a GPU to a container, the NVIDIA runtime is missing: install the NVIDIA \
Container Toolkit, run 'nvidia-ctk runtime configure --runtime=docker' and restart Docker"
}

need_curl() {
    command -v curl >/dev/null || give_up "$something_missing" "cannot ask the server: install curl"
}

address() {
    local port=${VL_PORT:-}  # the environment goes before .env, as it does for docker compose
    if [[ -z $port && -r .env ]]; then
        port=$(sed -nE "s/^[[:space:]]*(export[[:space:]]+)?VL_PORT=[\"']?([0-9]+).*/\2/p" .env | tail -n 1)
    fi
    echo "http://127.0.0.1:${port:-8118}/health"
}

answers() {  # ADDRESS
    curl --noproxy '*' --fail --silent --output /dev/null --max-time 2 "$1"
}

last_line() {  # CONTAINER; of what it has logged, without colours and the tricks of progress bars
    docker logs --tail 1 "$1" 2>&1 | tr '\r' '\n' | tail -n 1 |
        sed -E 's/\x1b\[[0-9;]*[A-Za-z]//g' | cut -c 1-120 || true
}

give_up_with_log() {  # EXIT_CODE MESSAGE CONTAINER
    echo "its last lines:" >&2
    docker logs --tail 25 "$3" >&2 2>&1 || true
    give_up "$1" "$2"
}

show_progress() {  # LINE; only when there is something new to say, or nothing was said for 10 seconds
    if [[ $1 != "$shown" ]] || ((SECONDS - shown_at >= 10)); then
        printf '%4d s  %s\n' "$SECONDS" "$1"
        shown=$1 shown_at=$SECONDS
    fi
}

wait_for_server() {  # [SECONDS]
    local limit=${1:-900} url container state restarts exit_code restarts_before='' shown='' shown_at=0
    [[ $limit =~ ^[0-9]+$ ]] || give_up "$wrong_usage" "cannot wait '$limit' seconds: not a number"
    limit=$((10#$limit))
    url=$(address)
    container=$(docker compose ps --all --quiet "$service")
    [[ -n $container ]] || give_up "$failed" "cannot wait: there is no container; first: $0 up -d"
    echo "waiting for $url, $limit s at most"
    SECONDS=0
    while true; do
        state=$(docker inspect --format '{{.State.Status}} {{.RestartCount}} {{.State.ExitCode}}' "$container" 2>&1) ||
            give_up "$failed" "cannot wait any longer: $state"
        read -r state restarts exit_code <<<"$state"
        restarts_before=${restarts_before:-$restarts}
        ((restarts == restarts_before)) || state=restarted exit_code=unknown
        [[ $state == running || $state == created ]] ||
            give_up_with_log "$failed" "the server does not start: it is $state, exit code $exit_code" "$container"
        if [[ $state == running ]] && answers "$url"; then
            echo "the server answers, after $SECONDS s"
            return
        fi
        ((SECONDS < limit)) ||
            give_up_with_log "$too_late" "the server has not answered for $limit s; it may still be loading" "$container"
        show_progress "$(last_line "$container")"
        sleep 0.5
    done
}

show_status() {
    local url
    docker compose ps --all
    url=$(address)
    answers "$url" || give_up "$failed" "$url does not answer"
    echo "$url answers"
}

(($# > 0)) || { usage >&2; exit "$wrong_usage"; }
readonly task=$1
shift
case $task in
    up)
        need_docker
        need_gpu
        docker compose up "$@"
        [[ " $* " != *" -d "* && " $* " != *" --detach "* ]] || echo "started; loading takes minutes: $0 wait"
        ;;
    restart) need_docker; need_gpu; docker compose up --detach --force-recreate "$@" ;;
    down) need_docker; docker compose down "$@" ;;
    logs) need_docker; docker compose logs "$@" ;;
    status) need_docker; need_curl; show_status ;;
    wait) need_docker; need_curl; wait_for_server "$@" ;;
    help | -h | --help) usage ;;
    *) usage >&2; give_up "$wrong_usage" "cannot do '$task'" ;;
esac
