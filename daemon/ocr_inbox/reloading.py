"""Taking over a configuration that was changed while the daemon runs."""

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from ocr_inbox.errors import ConfigurationError
from ocr_inbox.settings import Settings
from ocr_inbox.settings.changes import differences, taken_over

log = structlog.get_logger()


@dataclass
class Reload:
    """Remembers the settings in force, and why the last ones were refused if they were."""

    settings: Settings
    reread: Callable[[], Settings]
    apply: Callable[[Settings], None]
    refusal: str | None = None

    def __call__(self) -> None:
        """Apply what can be applied, and name what waits for a restart; a broken configuration changes nothing."""
        try:
            wanted = self.reread()
        except ConfigurationError as error:
            self.refusal = str(error)
            log.error("reload_refused", reason=self.refusal)
            return
        in_force, self.refusal = taken_over(self.settings, wanted), None
        self.apply(in_force)
        applied, waiting = differences(self.settings, in_force), differences(in_force, wanted)
        self.settings = in_force
        log.info("reloaded", applied=applied)
        if waiting:
            log.warning("restart_needed", keys=waiting)
