"""A real HTTP server on 127.0.0.1 that speaks the API, well or badly, as a test tells it."""

from __future__ import annotations

import base64
import email
import email.policy
import io
import json
import sys
import threading
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self

from PIL import Image as PILImage

from visprog.models.backends.openai.editing import OpenAIInpainter
from visprog.models.backends.openai.language import OpenAILanguageModel
from visprog.models.backends.openai.service import Service
from visprog.models.backends.openai.speech import OpenAITranscriber
from visprog.models.backends.openai.vision import OpenAIVision
from visprog.values import Image

KEY = "sk-proj-Zq8vN3xR7mKw2LtY5uHc9dEb"


class Received(NamedTuple):
    """A request as the server got it; the headers' names are in lower case.

    `body` is what the JSON says, or the fields of a form: text, and the bytes of files.
    """

    path: str
    headers: Mapping[str, str]
    body: Any

    @property
    def texts(self) -> list[str]:
        """The texts of a conversation's last turn, in order."""
        return [part["text"] for part in self._parts if part["type"] == "text"]

    @property
    def pictures(self) -> list[PILImage.Image]:
        """The pictures of a conversation's last turn."""
        return [_picture(part["image_url"]["url"]) for part in self._parts if part["type"] == "image_url"]

    @property
    def _parts(self) -> list[Any]:
        content = self.body["messages"][-1]["content"]
        return content if isinstance(content, list) else [{"type": "text", "text": content}]


def _picture(address: str) -> PILImage.Image:
    kind, _, encoded = address.partition(",")
    assert kind == "data:image/jpeg;base64"
    return PILImage.open(io.BytesIO(base64.b64decode(encoded, validate=True)), formats=["JPEG"])


def _read_body(data: bytes, kind: str) -> Any:
    if not kind.startswith("multipart/"):
        return json.loads(data)
    form = email.message_from_bytes(f"Content-Type: {kind}\r\n\r\n".encode() + data, policy=email.policy.HTTP)
    fields: dict[str, str | bytes] = {}
    for part in form.iter_parts():
        content = part.get_payload(decode=True)
        assert isinstance(content, bytes)
        named = str(part.get_param("name", header="content-disposition"))
        fields[named] = content if part.get_filename() else content.decode()
    return fields


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

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that break a connection: that is theirs to do."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)


Reply = Callable[[Exchange], None]


class OpenAIServer:
    """Gives the replies in turn; the last one again and again. What came in is in `received`."""

    def __init__(self, *replies: Reply) -> None:
        self.replies = replies
        self.received: list[Received] = []
        self.gone = threading.Event()
        self._services: list[Service] = []
        self._http = _Http(("127.0.0.1", 0), self._handler())
        self._thread = threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def service(self, key: str = KEY, **options: Any) -> Service:
        """Return the client's side of this server."""
        service = Service(base_url=self.url, key=key, **options)
        self._services.append(service)
        return service

    def model(self, name: str = "small", key: str = KEY, **options: Any) -> OpenAILanguageModel:
        """Return a language model that asks this server."""
        return OpenAILanguageModel(name, service=self.service(key, **options))

    def vision(self, deadline: float = 10.0, **options: Any) -> OpenAIVision:
        """Return a model that sees and asks this server."""
        return OpenAIVision("small", service=self.service(deadline=deadline), **options)

    def inpainter(self, deadline: float = 10.0, **options: Any) -> OpenAIInpainter:
        """Return an inpainter that asks this server."""
        return OpenAIInpainter("small", service=self.service(deadline=deadline), **options)

    def transcriber(self, deadline: float = 10.0, **options: Any) -> OpenAITranscriber:
        """Return a transcriber that asks this server."""
        return OpenAITranscriber("small", service=self.service(deadline=deadline), **options)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for service in self._services:
            service.close()
        self.gone.set()
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
                kind = headers.get("content-type", "")
                request = Received(self.path, headers, _read_body(body, kind))
                server.received.append(request)
                turn = min(len(server.received), len(server.replies)) - 1
                try:
                    server.replies[turn](Exchange(request, self, server.gone))
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


def answers_json(content: object) -> Reply:
    """Reply with a good answer in JSON."""
    return answers(json.dumps(content))


def paints(picture: Image | bytes) -> Reply:
    """Reply with an edited picture."""
    data = picture
    if isinstance(picture, Image):
        buffer = io.BytesIO()
        picture.to_pil().save(buffer, "PNG")
        data = buffer.getvalue()
    assert isinstance(data, bytes)
    usage = {"input_tokens": 300, "output_tokens": 4000, "total_tokens": 4300}
    return status(
        200, {"created": 1, "data": [{"b64_json": base64.b64encode(data).decode()}], "usage": usage}
    )


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
