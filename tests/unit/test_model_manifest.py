import json
from pathlib import Path

import pytest

from ocr_inbox.paddle.catalogue import find
from ocr_inbox.paddle.manifest import CONFIG, MANIFEST, WEIGHTS, damage_of, manifest_json

MODEL = find("PP-LCNet_x1_0_doc_ori")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / WEIGHTS).write_bytes(b"weights")
    (tmp_path / CONFIG).write_text("Global: {}\n")
    (tmp_path / MANIFEST).write_text(manifest_json(MODEL, tmp_path))
    return tmp_path


def test_a_folder_is_sound_as_long_as_its_manifest_is_true(folder: Path) -> None:
    assert damage_of(MODEL, folder, thorough=False) is None
    assert damage_of(MODEL, folder, thorough=True) is None


def test_a_changed_byte_is_found_by_a_thorough_look_only(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes(b"weighta")
    assert damage_of(MODEL, folder, thorough=False) is None
    assert damage_of(MODEL, folder, thorough=True) == "inference.onnx has changed since it was built"


def test_a_cut_file_is_found_at_once(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes(b"weig")
    assert damage_of(MODEL, folder, thorough=False) == "inference.onnx has 4 bytes instead of 7"


@pytest.mark.parametrize("name", [WEIGHTS, CONFIG, MANIFEST])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert name in (damage_of(MODEL, folder, thorough=False) or "")


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"origin": {}, "files": []}', '{"origin": 1, "files": 2}', "\x00"])
def test_a_manifest_that_makes_no_sense_is_damage_and_no_crash(folder: Path, text: str) -> None:
    (folder / MANIFEST).write_text(text)
    assert "manifest.json" in (damage_of(MODEL, folder, thorough=False) or "")


def test_a_manifest_that_lists_nothing_vouches_for_nothing(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(manifest | {"files": []}))
    assert damage_of(MODEL, folder, thorough=False) == "manifest.json does not list inference.onnx and inference.yml"


def test_a_folder_that_an_older_recipe_built_is_to_be_built_anew(folder: Path) -> None:
    manifest = json.loads((folder / MANIFEST).read_text())
    manifest["origin"]["recipe"] -= 1
    (folder / MANIFEST).write_text(json.dumps(manifest))
    assert "another version of this program" in (damage_of(MODEL, folder, thorough=False) or "")


def test_one_model_does_not_pass_for_another(folder: Path) -> None:
    assert damage_of(find("SLANet_plus"), folder, thorough=False) is not None
