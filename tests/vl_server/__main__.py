"""`python -m vl_server --port 8118 --models CACHE`: the stand-in, until it is told to stop."""

import argparse
from pathlib import Path

import uvicorn

from vl_server.app import create_app
from vl_server.eyes import Eyes
from vl_server.troubles import Control


def main() -> None:
    parser = argparse.ArgumentParser(prog="vl_server", description="A stand-in for the PaddleOCR-VL server.")
    parser.add_argument("--port", type=int, default=8118)
    parser.add_argument("--models", type=Path, required=True, help="the model cache, with PP-OCRv6_small in it")
    parser.add_argument("--model", default="PaddleOCR-VL-1.6-0.9B", help="the name it serves")
    parser.add_argument("--context", type=int, default=16384, help="tokens of the longest request")
    parser.add_argument(
        "--control", type=Control.model_validate_json, default=Control(), help="what PUT /control takes, from the start"
    )
    options = parser.parse_args()
    # As with vLLM, nobody listens while the model loads.
    eyes = Eyes(options.models.absolute())
    app = create_app(eyes, model=options.model, context=options.context, control=options.control)
    uvicorn.run(app, host="127.0.0.1", port=options.port, log_level="warning", timeout_graceful_shutdown=1)


if __name__ == "__main__":
    main()
