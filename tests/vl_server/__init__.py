"""A stand-in for the PaddleOCR-VL server: vLLM's wire, its refusals and its troubles, and PP-OCR's eyes."""
