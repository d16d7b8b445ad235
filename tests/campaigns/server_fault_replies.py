"""What a server may send, piece by piece, and what a mode of doing wrong is."""

from __future__ import annotations

import json
import socket
import struct
import zlib
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from tests.models.openai_server import Exchange, Reply, completion
from visprog.errors import ModelError, ModelFailed, ModelRefused

KEY = "sk-proj-Zq8vN3xR7mKw2LtY5uHc9dEb"
PASSWORD = "p@ss:w/rd-42"
LOGIN = f"me:{PASSWORD}"
DEADLINE = 0.5
"""Seconds that a call may take for modes that never end; the others have plenty."""
MAX_BYTES = 300_000


class Wire(NamedTuple):
    """How a body travels: in how many pieces, `chunked` or with its length, and packed or not."""

    pieces: int = 1
    chunked: bool = False
    packed: bool = False


class Mode(NamedTuple):
    """The replies of a server in turn, the last one again and again, and what must come of them.

    Either the `answer`, or an error of the class `error` whose words hold `words`; after `requests`. `remark`
    is part of the answer's remarks. A mode that is `endless` runs into the deadline.
    """

    replies: tuple[Callable[[Wire], Reply], ...]
    answer: str = ""
    error: type[ModelError] | None = None
    words: str = ""
    requests: int = 1
    remark: str = ""
    endless: bool = False
    fields: Mapping[str, Any] = {}


def body(content: bytes | str | object, status: int = 200, **headers: str) -> Callable[[Wire], Reply]:
    """Reply with these bytes, this text, or anything else as JSON."""
    data = content if isinstance(content, bytes) else None
    if data is None:
        data = (content if isinstance(content, str) else json.dumps(content)).encode()
    named = {"content-type": "application/json"} | {
        name.replace("_", "-").lower(): value for name, value in headers.items()
    }

    def on(wire: Wire) -> Reply:
        return lambda exchange: _send(exchange, status, named, data, wire)

    return on


def _send(exchange: Exchange, status: int, headers: Mapping[str, str], data: bytes, wire: Wire) -> None:
    packed = wire.packed and "content-encoding" not in headers
    if packed:
        packer = zlib.compressobj(wbits=31)
        data = packer.compress(data) + packer.flush()
    named = dict(headers) | ({"content-encoding": "gzip"} if packed else {})
    if "content-length" not in named:
        named |= {"transfer-encoding": "chunked"} if wire.chunked else {"content-length": str(len(data))}
    lines = [f"HTTP/1.1 {status} Reason", *(f"{name}: {value}" for name, value in named.items()), "", ""]
    exchange.send("\r\n".join(lines).encode("latin-1"))
    size = max(1, -(-len(data) // wire.pieces))
    for start in range(0, len(data), size):
        piece = data[start : start + size]
        exchange.send(b"%x\r\n%b\r\n" % (len(piece), piece) if "transfer-encoding" in named else piece)
    if "transfer-encoding" in named:
        exchange.send(b"0\r\n\r\n")
    if "content-length" in headers:
        exchange.hang_up()


def raw(reply: Reply) -> Callable[[Wire], Reply]:
    """Reply in a way that no wire changes."""
    return lambda wire: reply


def bytes_of(data: bytes) -> Callable[[Wire], Reply]:
    """Send these bytes, head and all, and hang up."""

    def reply(exchange: Exchange) -> None:
        exchange.send(data)
        exchange.hang_up()

    return raw(reply)


def reset(exchange: Exchange) -> None:
    """Break the connection in the middle of the body, without a goodbye."""
    exchange.send(b'HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{"choices"')
    exchange.handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    exchange.handler.connection.close()
    raise ConnectionResetError


def drip(exchange: Exchange) -> None:
    """Send a good answer, one byte at a time, too slowly."""
    data = json.dumps(completion("Hi.")).encode()
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % len(data))
    for byte in data:
        if exchange.gone.wait(0.05):
            break
        exchange.send(bytes([byte]))
    exchange.hang_up()


def endless(start: bytes, piece: bytes) -> Callable[[Wire], Reply]:
    """Send a beginning and then the same piece for ever, as fast as it is read."""

    def reply(exchange: Exchange) -> None:
        exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" + start)
        while not exchange.gone.is_set():
            exchange.send(piece)
        exchange.hang_up()

    return raw(reply)


def good(content: Any = "Hi.", **changes: Any) -> Callable[[Wire], Reply]:
    """Reply with an answer; `changes` go into its choice."""
    return body(completion(content, **changes))


def message(**fields: Any) -> Callable[[Wire], Reply]:
    """Reply with a message of these fields."""
    return body(completion("", message={"role": "assistant", **fields}))


def error(
    status: int, said: str, /, headers: Mapping[str, str] | None = None, **fields: Any
) -> Callable[[Wire], Reply]:
    """Reply with an error as the API words it."""
    return body({"error": {"message": said, **fields}}, status, **(headers or {}))


def stream(
    *events: object, end: str = "data: [DONE]\n\n", line: str = "\n", **headers: str
) -> Callable[[Wire], Reply]:
    """Reply with server-sent events: text as it is, anything else as the data of an event."""
    parts = [each if isinstance(each, str) else f"data: {json.dumps(each)}{line}{line}" for each in events]
    kind = headers.get("content_type", "text/event-stream")
    return body("".join(parts) + end, content_type=kind)


def delta(content: Any = None, reason: str | None = None, **fields: Any) -> dict[str, Any]:
    """Return one piece of a stream."""
    choice = {"index": 0, "delta": {"content": content, **fields}, "finish_reason": reason}
    return {"object": "chat.completion.chunk", "model": "small-1", "choices": [choice]}


def bomb() -> bytes:
    """Return 200 MB of blanks in some 200 kB."""
    packer = zlib.compressobj(9, wbits=31)
    blanks = b" " * 1_000_000
    return b"".join(packer.compress(blanks) for _ in range(200)) + packer.flush()


def fails(*replies: Callable[[Wire], Reply], words: str, requests: int = 1, **more: Any) -> Mode:
    return Mode(replies, error=more.pop("error", ModelFailed), words=words, requests=requests, **more)


def says(*replies: Callable[[Wire], Reply], answer: str = "Hi.", requests: int = 1, **more: Any) -> Mode:
    return Mode(replies, answer, requests=requests, **more)


def refuses(*replies: Callable[[Wire], Reply], words: str, requests: int = 1, **more: Any) -> Mode:
    return fails(*replies, words=words, requests=requests, error=more.pop("error", ModelRefused), **more)
