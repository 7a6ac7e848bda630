"""Inboxes that are folders: watchdog tells of what happens there, and scans make sure of it."""

from ocr_inbox.folder.inbox import FolderInbox
from ocr_inbox.folder.options import FolderOptions

__all__ = ["FolderInbox", "FolderOptions"]
