"""How full the memory of the graphics cards is, as NVIDIA's driver tells; no other library is needed for that."""

import ctypes
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

_DRIVER = "libnvidia-ml.so.1"
_MEGABYTE = 1 << 20


class _Memory(ctypes.Structure):
    """`nvmlMemory_t` of nvml.h: bytes."""

    _fields_ = (("total", ctypes.c_ulonglong), ("free", ctypes.c_ulonglong), ("used", ctypes.c_ulonglong))


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphicsMemory:
    """Of all cards together, in megabytes (2^20 bytes)."""

    used: float
    total: float


class GraphicsCards:
    """Remembers the driver's library once it is loaded; methods may be called in any thread."""

    def __init__(self, library: str = _DRIVER) -> None:
        self._library = library

    def memory(self) -> GraphicsMemory | None:
        """What the cards have now, None where there is no card or no driver."""
        cards = list(self._cards())
        if not cards:
            return None
        used, total = (sum(getattr(card, name) / _MEGABYTE for card in cards) for name in ("used", "total"))
        return GraphicsMemory(used=round(used, 1), total=round(total, 1))

    def _cards(self) -> Iterator[_Memory]:
        driver, count = self._driver, ctypes.c_uint()
        if driver is None or driver.nvmlDeviceGetCount_v2(ctypes.byref(count)):
            return
        for number in range(count.value):
            card, memory = ctypes.c_void_p(), _Memory()
            failed = driver.nvmlDeviceGetHandleByIndex_v2(number, ctypes.byref(card))
            if not (failed or driver.nvmlDeviceGetMemoryInfo(card, ctypes.byref(memory))):
                yield memory

    @cached_property
    def _driver(self) -> ctypes.CDLL | None:
        try:
            driver = ctypes.CDLL(self._library)
        except OSError:
            return None
        return None if driver.nvmlInit_v2() else driver
