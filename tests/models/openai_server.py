"""A real HTTP server on 127.0.0.1 that speaks Chat Completions, well or badly, as a test tells it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self

from visprog.models.chat_completions import ChatCompletions
from visprog.models.openai import OpenAILanguageModel

KEY = "sk-proj-Zq8vN3xR7mKw2LtY5uHc9dEb"


class Received(NamedTuple):
    """A request as the server got it; the headers' names are in lower case."""

    path: str
    headers: Mapping[str, str]
    body: Any


class Exchange:
    """One request that waits for its reply. `gone` is set when the test is over."""

    def __init__(self, request: Received, handler: BaseHTTPRequestHandler, gone: threading.Event) -> None:
        self.request = request
        self.handler = handler
        self.gone = gone

    def send(self, data: bytes) -> None:
        self.handler.wfile.write(data)
        self.handler.wfile.flush()

    def hang_up(self) -> None:
        self.handler.close_connection = True


class _Http(ThreadingHTTPServer):
    request_queue_size = 64  # so that no connection of many at once has to knock twice


Reply = Callable[[Exchange], None]


class OpenAIServer:
    """Gives the replies in turn; the last one again and again. What came in is in `received`."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = replies
        self.received: list[Received] = []
        self._gone = threading.Event()
        self._models: list[ChatCompletions] = []
        self._http = _Http(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def model(self, name: str = "small", key: str = KEY, **options: Any) -> OpenAILanguageModel:
        """Return a language model that asks this server."""
        server = ChatCompletions(base_url=self.url, key=key, **options)
        self._models.append(server)
        return OpenAILanguageModel(name, server=server)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for model in self._models:
            model.close()
        self._gone.set()
        self._http.shutdown()
        self._thread.join()
        self._http.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            timeout = 5.0

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                request = Received(self.path, headers, json.loads(body))
                server.received.append(request)
                turn = min(len(server.received), len(server.replies)) - 1
                try:
                    server.replies[turn](Exchange(request, self, server._gone))
                except ConnectionError:  # the client has given up, as it should
                    self.close_connection = True

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler


def completion(content: str | None, **changes: Any) -> dict[str, Any]:
    """Return the body of an answer. `changes` go into its only choice."""
    choice = {"index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop"}
    usage = {"prompt_tokens": 120, "completion_tokens": 30, "total_tokens": 150}
    return {"object": "chat.completion", "model": "small-1", "choices": [choice | changes], "usage": usage}


def answers(content: str | None, **changes: Any) -> Reply:
    """Reply with a good answer."""
    return status(200, completion(content, **changes))


def status(code: int, body: object = "", /, **headers: str) -> Reply:
    """Reply with a status and a body: text as it is, anything else as JSON."""
    kind = "text/html" if isinstance(body, str) else "application/json"
    data = (body if isinstance(body, str) else json.dumps(body)).encode()

    def reply(exchange: Exchange) -> None:
        exchange.handler.send_response_only(code)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        for name, value in ({"Content-Type": kind, "Content-Length": str(len(data))} | named).items():
            exchange.handler.send_header(name, value)
        exchange.handler.end_headers()
        exchange.send(data)

    return reply


def error(code: int, message: str, /, **fields: str) -> Reply:
    """Reply with an error as the API words it. Fields with a capital letter become headers."""
    headers = {name: value for name, value in fields.items() if name[0].isupper()}
    rest = {name: value for name, value in fields.items() if name not in headers}
    return status(code, {"error": {"message": message, "type": "error", **rest}}, **headers)


def cut(exchange: Exchange) -> None:
    """Promise more than is sent, and hang up."""
    exchange.send(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 500\r\n\r\n{"choi')
    exchange.hang_up()


def hang_up(exchange: Exchange) -> None:
    """Close the connection without a word."""
    exchange.hang_up()


def drip_body(exchange: Exchange) -> None:
    """Send a blank every 20 ms, for ever."""
    exchange.send(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n\r\n")
    _drip(exchange, b" ")


def drip_headers(exchange: Exchange) -> None:
    """Send a piece of a header every 20 ms, for ever."""
    exchange.send(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    _drip(exchange, b"a")


def silence(exchange: Exchange) -> None:
    """Send nothing at all."""
    exchange.gone.wait()
    exchange.hang_up()


def _drip(exchange: Exchange, drop: bytes) -> None:
    while not exchange.gone.wait(0.02):
        exchange.send(drop)
    exchange.hang_up()
