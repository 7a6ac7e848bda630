"""The picture of the configuration file; what cannot work is refused before anything starts."""

from ocr_inbox.settings.buckets import BucketSettings, StoreSettings, split_place
from ocr_inbox.settings.inboxes import InboxSettings, RuleSettings
from ocr_inbox.settings.loading import load_settings
from ocr_inbox.settings.pipelines import DocumentSettings, LineSettings, ReaderSettings, TableSettings, TextSettings
from ocr_inbox.settings.sections import ApiSettings, ModelSettings, Settings, is_loopback

__all__ = [
    "ApiSettings",
    "BucketSettings",
    "DocumentSettings",
    "InboxSettings",
    "LineSettings",
    "ModelSettings",
    "ReaderSettings",
    "RuleSettings",
    "Settings",
    "StoreSettings",
    "TableSettings",
    "TextSettings",
    "is_loopback",
    "load_settings",
    "split_place",
]
