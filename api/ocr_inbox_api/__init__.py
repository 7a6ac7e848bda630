"""The HTTP API of ocr-inbox: requests become jobs of the built-in uploads inbox."""
