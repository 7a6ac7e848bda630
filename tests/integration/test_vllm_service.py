"""The deployment of the VL server: its files are what Docker accepts, and its script does what it says."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from docker_machine import FAKE_DOCKER, SCRIPT, SERVICE, Finished, Machine, a_machine, answering


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return a_machine(tmp_path)


@pytest.fixture(scope="session")
def silent_port() -> Iterator[str]:
    """A port where nobody answers."""
    with answering(503) as port:
        yield port


def _compose() -> Any:
    """The service, with the defaults in the place of variables."""
    text = (SERVICE / "compose.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", text))["services"]["paddleocr-vllm"]


def _tool(name: str, *arguments: str | Path) -> Finished:
    command = [Path(sys.executable).with_name(name), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_the_compose_file_follows_the_published_schema() -> None:
    checked = _tool("check-jsonschema", "--builtin-schema", "vendor.compose-spec", SERVICE / "compose.yaml")
    assert checked.returncode == 0, checked.stdout


def test_the_scripts_pass_shellcheck() -> None:
    checked = _tool("shellcheck", SCRIPT, FAKE_DOCKER)
    assert checked.returncode == 0, checked.stdout


def test_the_example_settings_are_all_there_are_with_their_defaults() -> None:
    compose = (SERVICE / "compose.yaml").read_text(encoding="utf-8")
    example = (SERVICE / ".env.example").read_text(encoding="utf-8")
    defaults = set(re.findall(r"\$\{(\w+):-([^}]*)\}", compose))
    assert defaults == set(re.findall(r"^(\w+)=(.*)$", example, re.MULTILINE))


def test_the_container_gets_one_gpu_and_nothing_else() -> None:
    service = _compose()
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["user"] == "1000:1000"
    assert service["network_mode"] == "host"
    assert service.keys().isdisjoint({"privileged", "cap_add", "devices", "pid", "ipc", "ports"})
    (gpu,) = service["deploy"]["resources"]["reservations"]["devices"]
    assert gpu["device_ids"] == ["0"]
    assert all(volume.get("read_only") for volume in service["volumes"] if volume["type"] == "bind")


def test_it_outlives_crashes_and_its_logs_do_not_fill_the_disk() -> None:
    service = _compose()
    assert service["restart"] == "unless-stopped"
    assert service["healthcheck"]["start_period"] == "15m"
    assert service["logging"]["options"].keys() == {"max-size", "max-file"}


def test_the_server_is_started_with_the_mounted_settings() -> None:
    service = _compose()
    (mounted,) = (volume for volume in service["volumes"] if volume["type"] == "bind")
    assert (SERVICE / mounted["source"]).is_file()
    options = dict(zip(service["command"][2::2], service["command"][3::2], strict=True))
    assert options["--backend_config"] == mounted["target"]
    assert options["--port"] == "8118"
    assert options["--host"] == "127.0.0.1"


def test_a_whole_block_fits_into_the_servers_window() -> None:
    """What PaddleOCR 3.7 asks for: 1003520 pixels at 28 x 28 a token, and max_completion_tokens 4096."""
    settings = yaml.safe_load((SERVICE / "vllm_config.yaml").read_text(encoding="utf-8"))
    assert settings["max-model-len"] >= 1003520 // 28**2 + 4096 + 64
    assert settings["max-num-batched-tokens"] >= settings["max-num-seqs"]
    assert 0 < settings["gpu-memory-utilization"] < 1


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_the_health_check_sees_whether_the_server_answers_whatever_proxy_is_set(status: int, healthy: bool) -> None:  # noqa: FBT001 - a column of a table
    mode, python, *arguments = _compose()["healthcheck"]["test"]
    assert (mode, python) == ("CMD", "python")
    with answering(status) as port:
        command = [sys.executable, *(argument.replace("8118", port) for argument in arguments)]
        proxies = {"http_proxy": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
        checked = subprocess.run(command, env=os.environ | proxies, capture_output=True, timeout=20, check=False)
    assert (checked.returncode == 0) == healthy, checked.stderr


@pytest.mark.parametrize(
    ("arguments", "call"),
    [
        (("up", "-d"), "compose up -d"),
        (("up",), "compose up"),
        (("restart",), "compose up --detach --force-recreate"),
        (("down", "--volumes"), "compose down --volumes"),
        (("logs", "--tail", "5"), "compose logs --tail 5"),
    ],
)
def test_a_command_becomes_one_call_of_docker_compose(machine: Machine, arguments: tuple[str, ...], call: str) -> None:
    finished = machine.deploy(*arguments)
    assert finished.returncode == 0, finished.stderr
    assert machine.calls() == [call]


def test_it_works_from_any_folder_and_through_a_link(machine: Machine) -> None:
    link = machine.folder / "vlm"
    link.symlink_to(SCRIPT)
    assert machine.deploy("down", script=link).returncode == 0
    assert (machine.docker / "folder").read_text(encoding="utf-8").strip() == str(SERVICE)


@pytest.mark.parametrize("arguments", [(), ("fly",), ("wait", "soon")])
def test_what_it_does_not_know_is_wrong_usage(machine: Machine, arguments: tuple[str, ...]) -> None:
    assert machine.deploy(*arguments).returncode == 2


@pytest.mark.parametrize("task", ["up", "down", "logs", "status", "restart", "wait"])
def test_missing_docker_is_named(machine: Machine, task: str) -> None:
    machine.without("docker")
    refused = machine.deploy(task)
    assert refused.returncode == 69
    assert "cannot find docker: install Docker Engine" in refused.stderr


def test_a_missing_compose_plugin_is_named(machine: Machine) -> None:
    machine.tell(without_compose="")
    refused = machine.deploy("up", "-d")
    assert refused.returncode == 69
    assert "docker-compose-plugin" in refused.stderr


def test_a_docker_daemon_that_is_away_is_named(machine: Machine) -> None:
    (machine.docker / "info").unlink()
    refused = machine.deploy("status")
    assert refused.returncode == 69
    assert "cannot reach the Docker daemon" in refused.stderr


@pytest.mark.parametrize("task", ["up", "restart"])
def test_a_missing_nvidia_runtime_is_named_before_anything_starts(machine: Machine, task: str) -> None:
    machine.tell(info=" Runtimes: io.containerd.runc.v2 runc\n Name: nvidia-box\n")
    refused = machine.deploy(task)
    assert refused.returncode == 69
    assert "the NVIDIA runtime is missing" in refused.stderr
    assert machine.calls() == []


@pytest.mark.parametrize("task", ["status", "wait"])
def test_missing_curl_is_named(machine: Machine, task: str) -> None:
    machine.without("curl")
    refused = machine.deploy(task)
    assert refused.returncode == 69
    assert "install curl" in refused.stderr


def test_wait_returns_when_the_server_answers_and_tells_how_it_goes(machine: Machine) -> None:
    log = "\x1b[32mLoading weights: 10%\rLoading weights: 90%\x1b[0m\n"
    machine.tell(states="created 0 0\nrunning 0 0\n", log=log)
    with answering(503, 200) as port:
        finished = machine.deploy("wait", "15", VL_PORT=port)
    assert finished.returncode == 0, finished.stderr
    first, progress, *_, last = finished.stdout.splitlines()
    assert first == f"waiting for http://127.0.0.1:{port}/health, 15 s at most"
    assert re.fullmatch(r" +\d s  Loading weights: 90%", progress)
    assert last.startswith("the server answers, after ")


def test_wait_fails_with_the_last_lines_of_a_container_that_exits(machine: Machine, silent_port: str) -> None:
    machine.tell(states="running 0 0\nexited 0 137\n", log="torch.OutOfMemoryError: CUDA out of memory\n")
    finished = machine.deploy("wait", VL_PORT=silent_port)
    assert finished.returncode == 1
    assert "CUDA out of memory" in finished.stderr
    assert "the server does not start: it is exited, exit code 137" in finished.stderr


@pytest.mark.parametrize("states", ["restarting 4 1\n", "running 4 0\nrunning 5 0\n"])
def test_wait_does_not_wait_for_a_server_that_crashes_again_and_again(
    machine: Machine, silent_port: str, states: str
) -> None:
    machine.tell(states=states)
    assert machine.deploy("wait", VL_PORT=silent_port).returncode == 1


def test_wait_fails_when_nothing_was_started_although_someone_answers(machine: Machine) -> None:
    machine.tell(container="")
    with answering(200) as port:
        finished = machine.deploy("wait", VL_PORT=port)
    assert finished.returncode == 1
    assert "there is no container" in finished.stderr


def test_wait_gives_up_in_the_end(machine: Machine, silent_port: str) -> None:
    finished = machine.deploy("wait", "1", VL_PORT=silent_port)
    assert finished.returncode == 75
    assert "the server has not answered for 1 s" in finished.stderr
    assert "Loading weights" in finished.stderr


def test_status_says_whether_the_server_answers(machine: Machine, silent_port: str) -> None:
    with answering(200) as port:
        assert machine.deploy("status", VL_PORT=port).returncode == 0
    assert machine.deploy("status", VL_PORT=silent_port).returncode == 1
    assert machine.calls() == ["compose ps --all", "compose ps --all"]


def test_the_port_is_read_from_the_settings_file_and_no_secret_is_shown(machine: Machine, tmp_path: Path) -> None:
    """The settings are never run as a script, and nothing of them reaches the screen or a command line."""
    service = shutil.copytree(SERVICE, tmp_path / "service")
    with answering(200) as port:
        settings = f'HF_TOKEN=hf_secret\nEVIL=$(touch {tmp_path}/evil)\nVL_PORT="{port}"\n'
        (service / ".env").write_text(settings, encoding="utf-8")
        for task in ("up", "restart", "status", "wait", "logs", "down"):
            finished = machine.deploy(task, script=service / SCRIPT.name, HF_TOKEN="hf_secret")  # noqa: S106 - made up
            assert finished.returncode == 0, finished.stderr
            assert "secret" not in finished.stdout + finished.stderr
    assert "secret" not in (machine.docker / "calls").read_text(encoding="utf-8")
    assert not (tmp_path / "evil").exists()
