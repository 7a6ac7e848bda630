"""A watchdog observer that prints when it heard of each file that was closed."""

import json
import sys
import time

from watchdog.events import FileClosedEvent, FileSystemEventHandler
from watchdog.observers import Observer


class Ear(FileSystemEventHandler):
    """Prints the time."""

    def on_closed(self, _: FileClosedEvent) -> None:
        """Called by watchdog."""
        print(json.dumps(time.time()), flush=True)


watch = Observer()
watch.schedule(Ear(), sys.argv[1], recursive=True)
watch.start()
print('"ready"', flush=True)
sys.stdin.read()
