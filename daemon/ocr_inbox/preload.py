"""What a reader process has imported before it is forked: seconds once, instead of seconds for each reader."""

import logging
import os
import signal

# Ctrl-C is the daemon's to answer. The fork server ignores it too, but only once it has imported all this.
signal.signal(signal.SIGINT, signal.SIG_IGN)

for _variable, _value in (
    ("PADDLE_PDX_DISABLE_MODEL_SOURCE_CHECK", "True"),
    ("ORT_DISABLE_TELEMETRY", "1"),  # ONNX Runtime 1.29 and later reports its use unless told not to
    ("GLOG_minloglevel", "2"),
):
    os.environ.setdefault(_variable, _value)

import paddleocr  # noqa: F401 - imported for those who are forked from here

import ocr_inbox.images
import ocr_inbox.paddle.text
import ocr_inbox.reader  # noqa: F401 - likewise

for _name in ("paddlex", "ppocr", "paddleocr"):
    logging.getLogger(_name).setLevel(logging.ERROR)
