"""For tests of the VL server's deployment: a machine with a stand-in for docker, and a server that answers."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

ROOT = Path(__file__).parents[1]
SERVICE = ROOT / "paddle-vl_vllm_service"
SCRIPT = SERVICE / "docker_vlm_deploy.sh"
FAKE_DOCKER = ROOT / "tests" / "fake_docker" / "docker"
TOOLS = ("bash", "cat", "curl", "cut", "dirname", "grep", "head", "readlink", "sed", "sleep", "tail", "tr", "wc")
NVIDIA = " Runtimes: io.containerd.runc.v2 nvidia runc\n"
Finished = subprocess.CompletedProcess[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """A PATH with nothing but what the script needs, and a docker whose answers are files in `docker`."""

    path: Path
    docker: Path
    folder: Path

    def deploy(self, *arguments: str, script: Path = SCRIPT, **environment: str) -> Finished:
        return subprocess.run(
            [script, *arguments],
            cwd=self.folder,
            env={"PATH": str(self.path), "FAKE_DOCKER": str(self.docker), **environment},
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

    def calls(self) -> list[str]:
        """What docker was asked to do, without the questions whether it is there."""
        calls = (self.docker / "calls").read_text(encoding="utf-8").splitlines()
        return [call for call in calls if call not in {"compose version", "info"}]

    def tell(self, **answers: str) -> None:
        for name, answer in answers.items():
            (self.docker / name).write_text(answer, encoding="utf-8")

    def without(self, program: str) -> None:
        (self.path / program).unlink()


def a_machine(place: Path) -> Machine:
    """One where everything is in order and the server is loading."""
    machine = Machine(path=place / "bin", docker=place / "docker", folder=place / "somewhere")
    for folder in (machine.path, machine.docker, machine.folder):
        folder.mkdir()
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found, f"the tests need {tool}"
        (machine.path / tool).symlink_to(found)
    (machine.path / "docker").symlink_to(FAKE_DOCKER)
    machine.tell(info=NVIDIA, container="c0ffee\n", states="running 0 0\n", log="Loading weights\n")
    return machine


@contextmanager
def answering(*statuses: int) -> Iterator[str]:
    """The port of a server that answers /health with these statuses in turn, and then always with the last."""
    left = list(statuses)

    class Server(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status if self.path == "/health" else 404)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name for it
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield str(server.server_address[1])
        finally:
            server.shutdown()
            thread.join()
