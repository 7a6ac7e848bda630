"""Watch folders, read what arrives with PaddleOCR, leave the text beside it."""

__version__ = "0.1.0"
