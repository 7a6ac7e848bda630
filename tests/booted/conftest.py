"""Machines with the package in them, and the service installed in one; few boots for many tests."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from booted_service import KILLPOINTS, MODELS, Service
from docker_machine import FAKE_DOCKER
from installation import ROOT, VENV, debian_package, installed, packed, without_libraries
from model_cache import ready_models
from nspawn import Machine, NewMachine, booted, demand_nspawn


@pytest.fixture(scope="session")
def stage() -> Path:
    """What `make install` installs."""
    demand_nspawn()
    return installed()


@pytest.fixture(scope="session")
def packages(stage: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Debian packages of two versions of it, but for the virtual environment, which the machines have bound in."""
    folder = tmp_path_factory.mktemp("packages")
    slim = without_libraries(stage, folder / "stage")
    packed(slim, folder, "1.0.0")
    for place in ("etc/ocr-inbox", "opt/ocr-inbox/examples"):
        with (slim / place / "ocr-inbox.toml").open("a", encoding="utf-8") as example:
            example.write("# The example of another version.\n")
    packed(slim, folder, "1.1.0")
    return folder


@pytest.fixture(scope="session")
def new_machine(stage: Path, packages: Path, tmp_path_factory: pytest.TempPathFactory) -> NewMachine:
    """One that runs, with the packages in /run/packages and the libraries in their place; nothing is installed yet."""
    models = ready_models("PP-OCRv6_small_det", "PP-OCRv6_small_rec")
    binds = [
        (stage / VENV, f"/{VENV}"),
        (models, MODELS),
        (packages, "/run/packages"),
        (FAKE_DOCKER.parent, "/run/fake-docker"),
        (ROOT, "/run/source"),
        KILLPOINTS,
    ]

    @contextmanager
    def machine(over_root: Path | None = None) -> Iterator[Machine]:
        folder = tmp_path_factory.mktemp("machine")
        (folder / "nothing").mkdir()
        with booted(over_root or folder / "nothing", folder / "console.log", binds) as machine:
            yield machine

    return machine


@pytest.fixture
def empty_machine(tmp_path: Path) -> Iterator[Machine]:
    """One with nothing of ours."""
    demand_nspawn()
    (tmp_path / "nothing").mkdir()
    with booted(tmp_path / "nothing", tmp_path / "console.log") as machine:
        yield machine


@pytest.fixture
def bare_machine(tmp_path: Path) -> Iterator[Machine]:
    """One with nothing of ours but models and, in /run/packages, what `make deb` makes."""
    demand_nspawn()
    models = ready_models("PP-OCRv6_small_det", "PP-OCRv6_small_rec")
    (tmp_path / "nothing").mkdir()
    binds = [(models, MODELS), (debian_package().parent, "/run/packages")]
    with booted(tmp_path / "nothing", tmp_path / "console.log", binds) as machine:
        yield machine


@pytest.fixture(scope="session")
def service(new_machine: NewMachine) -> Iterator[Service]:
    """The service, installed and with its inboxes in place, not yet configured."""
    with new_machine() as machine:
        service = Service(machine=machine)
        service.install("1.0.0")
        machine.run("groupadd", "scanners")
        machine.run("mkdir", "--parents", "/srv/scans/text", "/home/ann/scans/text", "/home/bob")
        machine.run("chgrp", "--recursive", "scanners", "/srv/scans")
        machine.run("chmod", "--recursive", "2775", "/srv/scans")
        machine.run("chown", "--recursive", "ocr-inbox", "/home/ann/scans")
        yield service
