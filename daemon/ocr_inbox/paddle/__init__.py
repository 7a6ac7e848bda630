"""The PaddleOCR engines and their models; imported only inside a reader process or by `ocr-inbox models`."""
