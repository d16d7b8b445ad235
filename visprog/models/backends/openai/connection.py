"""The connection to a server: a client in its own thread that limits answers and never leaves the host."""

from __future__ import annotations

import asyncio
import threading
import urllib.parse
import weakref
from collections.abc import Coroutine, Mapping
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from visprog.errors import ModelUnavailable
from visprog.libraries import needs
from visprog.models.backends.openai.address import Address
from visprog.models.backends.openai.stream import is_finished, is_stream

if TYPE_CHECKING:
    import openai

T = TypeVar("T")

_PLACEHOLDER = "none"  # the client needs a key, but the headers of `Access` are sent instead
_ENCODED = (b"content-encoding", b"content-length", b"transfer-encoding")
_OWN = ("openai-organization", "openai-project")
_MOST_REDIRECTS = 3
_TAIL = 64
"""Number of bytes in which the end mark of a stream is searched."""


class Access(NamedTuple):
    """The address, the headers with the key, and the maximum size of an answer in bytes.

    `is_own` says whether the environment variables of OpenAI belong to this server.
    """

    address: Address
    headers: Mapping[str, str]
    max_bytes: int
    is_own: bool


class ConnectionClosed(Exception):  # noqa: N818 - becomes a ModelFailed
    """The connection was closed before an answer came."""


class TooLarge(Exception):  # noqa: N818 - becomes a ModelFailed
    """An answer is larger than the limit."""


class Connection:
    """The client and its event loop, in a daemon thread.

    An event loop can cancel a request at any moment; a server that sends single bytes would never let a read
    time out. The loop has its own thread because notebooks already run one.
    """

    def __init__(self, access: Access) -> None:
        self.client = _client(access)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=_serve, args=(self._loop,), name="visprog-openai", daemon=True)
        self._thread.start()
        self._lock = threading.Lock()
        self._open = True
        self._finish = weakref.finalize(self, _start_to_close, self._loop, self.client)

    def run(self, work: Coroutine[Any, Any, T], seconds: float) -> T | None:
        """Return the result of `work`, or None after `seconds` seconds. Raises ConnectionClosed."""
        with self._lock:  # `close` cancels all requests that were started before it
            if not self._open:
                work.close()
                raise ConnectionClosed
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(max(seconds, 0.0))
        except TimeoutError:
            return None
        except CancelledError:
            raise ConnectionClosed from None
        finally:
            future.cancel()

    def close(self) -> None:
        """Cancel running requests and stop the thread."""
        with self._lock:
            self._open = False
            self._finish()
        self._thread.join()


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    loop.run_forever()
    loop.close()


def _start_to_close(loop: asyncio.AbstractEventLoop, client: openai.AsyncOpenAI) -> None:
    # Do not wait here: garbage collection may run this in the loop's own thread.
    async def close() -> None:
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await client.close()
        loop.stop()

    loop.call_soon_threadsafe(lambda: loop.create_task(close()))


def _client(access: Access) -> openai.AsyncOpenAI:
    with needs("openai"):
        import openai
        import openai.resources.audio
        import openai.resources.chat
        import openai.resources.images  # otherwise the client imports them at the first request
    address = access.address
    try:
        return openai.AsyncOpenAI(
            api_key=_PLACEHOLDER,
            base_url=address.url,
            default_query=_query(address),
            max_retries=0,
            http_client=_http_client(access),
        )
    except Exception as cause:  # an invalid proxy variable raises many kinds of exceptions
        fault = type(cause).__name__
    raise ModelUnavailable(
        f"the client for {address} cannot be created ({fault})",
        help="check the base URL and the variables HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and SSL_CERT_FILE",
    )


def _query(address: Address) -> dict[str, object]:
    """Return the query for the client. If a name is repeated, the last value is used."""
    return dict(address.query)


def _http_client(access: Access) -> Any:
    """Return an HTTP client that sends only to one server and limits the size of answers.

    Addresses of this machine never use a proxy.
    """
    import openai

    class Bounded(openai.DefaultAsyncHttpxClient):
        """Reads whole answers, up to the limit, before the API's client sees them."""

        async def send(self, request: Any, **options: Any) -> Any:
            _authorize(request.headers, access)
            options |= {"stream": True, "follow_redirects": False}
            response = await super().send(request, **options)
            for _ in range(_MOST_REDIRECTS):
                following = response.next_request
                if following is None or not _is_same_server(request, following):
                    break
                await response.aclose()
                request, response = following, await super().send(following, **options)
            return await _read(response, access.max_bytes)

    host = access.address.host
    host = f"[{host}]" if ":" in host else host
    direct = {f"all://{host}": None} if access.address.is_loopback else {}
    return Bounded(mounts=direct, follow_redirects=False)


def _authorize(headers: Any, access: Access) -> None:
    """Replace the client's key. Headers about the account are sent only to its own server."""
    for name in ("authorization", *(() if access.is_own else _OWN)):
        headers.pop(name, None)
    headers.update(access.headers)


def _is_same_server(request: Any, following: Any) -> bool:
    """Return whether a redirect keeps the method, the scheme, the host and the port."""
    here, there = (
        urllib.parse.urlsplit(str(each.url))._replace(path="", query="") for each in (request, following)
    )
    return bool(here == there and request.method == following.method)


async def _read(response: Any, most: int) -> Any:
    """Return the response with its whole, decompressed body. Raises TooLarge."""
    try:
        data = await _body(response, most)
    finally:
        await response.aclose()
    headers = [(name, value) for name, value in response.headers.raw if name.lower() not in _ENCODED]
    return type(response)(response.status_code, headers=headers, content=data, request=response.request)


async def _body(response: Any, most: int) -> bytes:
    """Read the body up to the limit. Stop at the end mark of a stream: servers may keep it open."""
    chunks: list[bytes] = []
    size = 0
    streamed = "event-stream" in response.headers.get("content-type", "")
    async for chunk in response.aiter_bytes():
        size += len(chunk)
        if size > most:
            raise TooLarge
        chunks.append(chunk)
        if len(chunks) == 1:
            streamed = streamed or is_stream(chunk[:_TAIL].decode("utf-8", "replace"))
        if streamed and is_finished(_end(chunks)):
            break
    return b"".join(chunks)


def _end(chunks: list[bytes]) -> bytes:
    """Return the last chunk and the end of the chunks before it."""
    return b"".join(chunks[-_TAIL:-1])[-_TAIL:] + chunks[-1]
