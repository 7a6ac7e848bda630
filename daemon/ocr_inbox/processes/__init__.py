"""Reader processes on this machine, by pebble: each holds one engine, and none can take the daemon along."""

from ocr_inbox.processes.inside import OpenEngine
from ocr_inbox.processes.reader import Care
from ocr_inbox.processes.readers import ProcessReaders

__all__ = ["Care", "OpenEngine", "ProcessReaders"]
