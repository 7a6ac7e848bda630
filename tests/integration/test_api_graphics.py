"""The memory of graphics cards, asked of a library that speaks as NVIDIA's driver does."""

import shutil
import subprocess
from pathlib import Path

import pytest

from ocr_inbox_api.graphics import GraphicsCards, GraphicsMemory

DRIVER = """
typedef struct { unsigned long long total, free, used; } nvmlMemory_t;
static unsigned long long cards[] = {CARDS};
int nvmlInit_v2(void) { return INIT; }
int nvmlDeviceGetCount_v2(unsigned int *count) { *count = sizeof cards / sizeof *cards; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned int index, void **card) { *card = &cards[index]; return 0; }
int nvmlDeviceGetMemoryInfo(void *card, nvmlMemory_t *memory) {
    unsigned long long total = *(unsigned long long *)card;
    if (total == 0) return 15; /* NVML_ERROR_GPU_IS_LOST */
    memory->total = total; memory->used = total / 4; memory->free = total - total / 4;
    return 0;
}
"""


def driver(folder: Path, *gigabytes: int, initialises: bool = True) -> str:
    if shutil.which("cc") is None:
        pytest.skip("this machine has no C compiler")
    source, library = folder / "driver.c", folder / "driver.so"
    cards = ", ".join(f"{size}ULL << 30" for size in gigabytes)
    source.write_text(DRIVER.replace("CARDS", cards).replace("INIT", "0" if initialises else "9"), encoding="ascii")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, source], check=True)
    return str(library)


def test_the_memory_of_all_cards_is_told_in_megabytes(tmp_path: Path) -> None:
    cards = GraphicsCards(driver(tmp_path, 8, 80))
    assert cards.memory() == GraphicsMemory(used=22 * 1024, total=88 * 1024)


def test_a_card_that_is_lost_is_left_out(tmp_path: Path) -> None:
    cards = GraphicsCards(driver(tmp_path, 0, 80))
    assert cards.memory() == GraphicsMemory(used=20 * 1024, total=80 * 1024)


def test_without_a_driver_there_is_nothing_to_tell(tmp_path: Path) -> None:
    assert GraphicsCards("libnvidia-ml-that-is-not-there.so.1").memory() is None
    assert GraphicsCards(driver(tmp_path, 80, initialises=False)).memory() is None
