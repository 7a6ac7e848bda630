"""A relay before a store that counts requests and their bytes, headers included, and prints what it counted."""

import asyncio
import json
import sys
import threading
from collections import defaultdict
from contextlib import closing, suppress

port, upstream = int(sys.argv[1]), int(sys.argv[2])
counts: "defaultdict[str, list[int]]" = defaultdict(lambda: [0, 0])
"""By kind of request: how many, and their bytes both ways."""


def count(head: bytes) -> str:
    """What kind of request begins so; it is counted."""
    method, target, *_ = head.decode("latin-1").split()
    kind = "LIST" if "list-type=2" in target else method
    counts[kind][0] += 1
    return kind


def length_in(head: bytes) -> int:
    """The bytes that follow a head."""
    lines = head.decode("latin-1").lower().split("\r\n")
    return sum(int(line.partition(":")[2]) for line in lines if line.startswith("content-length:"))


async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """One connection, until its client closes it: each answer belongs to the request before."""
    from_store, to_store = await asyncio.open_connection("127.0.0.1", upstream)
    kind = ""

    async def answers() -> None:
        with suppress(ConnectionError):
            while data := await from_store.read(1 << 16):
                counts[kind][1] += len(data)
                writer.write(data)
                await writer.drain()
        writer.close()

    answering = asyncio.create_task(answers())
    with closing(to_store), suppress(asyncio.IncompleteReadError, ConnectionError):
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            kind = count(head)
            to_store.write(head)
            counts[kind][1] += len(head)
            body = await reader.readexactly(length_in(head))
            to_store.write(body)
            counts[kind][1] += len(body)
            await to_store.drain()
    await answering


async def serve() -> None:
    """Take connections for ever."""
    server = await asyncio.start_server(relay, "127.0.0.1", port)
    print('"ready"', flush=True)
    await server.serve_forever()


threading.Thread(target=asyncio.run, args=(serve(),), daemon=True).start()
for _ in sys.stdin:
    print(json.dumps(counts), flush=True)
