"""The connection to a server: one client in a thread of its own, answers of bounded size, no other hosts."""

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

_PLACEHOLDER = "none"  # the client insists on a key; what is sent are the headers of `Access`
_ENCODED = (b"content-encoding", b"content-length", b"transfer-encoding")
_OWN = ("openai-organization", "openai-project")
_MOST_REDIRECTS = 3
_TAIL = 64
"""So many bytes hold the mark that ends a stream."""


class Access(NamedTuple):
    """Where requests go, what they carry to be let in, and how large an answer may be, in bytes.

    `is_own` says whether the server is the one that the environment's variables are meant for.
    """

    address: Address
    headers: Mapping[str, str]
    max_bytes: int
    is_own: bool


class ConnectionClosed(Exception):  # noqa: N818 - becomes a ModelFailed
    """The connection was closed before there was an answer."""


class TooLarge(Exception):  # noqa: N818 - becomes a ModelFailed
    """An answer has more bytes than it may."""


class Connection:
    """The client and an event loop of its own, in a daemon thread.

    In a loop an attempt can be given up at any moment, wherever it hangs: a server that sends a byte now and
    then never lets a read time out. A thread of its own, because notebooks have a loop running already.
    """

    def __init__(self, access: Access) -> None:
        self.client = _client(access)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=_serve, args=(self._loop,), name="visprog-openai", daemon=True)
        self._thread.start()
        self._lock = threading.Lock()
        self._open = True
        self._finish = weakref.finalize(self, _begin_to_close, self._loop, self.client)

    def run(self, work: Coroutine[Any, Any, T], seconds: float) -> T | None:
        """Return what `work` returns; None if that takes longer than `seconds`. Raises ConnectionClosed."""
        with self._lock:  # what has begun before the connection is closed is ended by it, and not forgotten
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
        """End the requests that are under way, and the thread."""
        with self._lock:
            self._open = False
            self._finish()
        self._thread.join()


def _serve(loop: asyncio.AbstractEventLoop) -> None:
    loop.run_forever()
    loop.close()


def _begin_to_close(loop: asyncio.AbstractEventLoop, client: openai.AsyncOpenAI) -> None:
    # Waits for nothing: garbage may be collected in the loop's own thread.
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
        import openai.resources.images  # the client imports them when they are first used
    address = access.address
    try:
        return openai.AsyncOpenAI(
            api_key=_PLACEHOLDER,
            base_url=address.url,
            default_query=_query(address),
            max_retries=0,
            http_client=_http_client(access),
        )
    except Exception as cause:  # a proxy variable may be wrong in many ways
        fault = type(cause).__name__
    raise ModelUnavailable(
        f"the client for {address} cannot be set up ({fault})",
        help="check the base URL, and the variables HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and SSL_CERT_FILE",
    )


def _query(address: Address) -> dict[str, object]:
    """Return the query as the client wants it; of a name that is given twice the last value counts."""
    return dict(address.query)


def _http_client(access: Access) -> Any:
    """Return an HTTP client that sends only to one server, and reads no more than it may.

    Addresses of this machine are asked directly, whatever proxy the environment names.
    """
    import openai

    class Bounded(openai.DefaultAsyncHttpxClient):
        """Reads whole answers, within a bound, before the client of the API sees them."""

        async def send(self, request: Any, **options: Any) -> Any:
            _let_in(request.headers, access)
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


def _let_in(headers: Any, access: Access) -> None:
    """Replace the key that the client sends; what names the environment's account stays with its server."""
    for name in ("authorization", *(() if access.is_own else _OWN)):
        headers.pop(name, None)
    headers.update(access.headers)


def _is_same_server(request: Any, following: Any) -> bool:
    """Whether a redirect repeats the request at the same scheme, host and port."""
    here, there = (
        urllib.parse.urlsplit(str(each.url))._replace(path="", query="") for each in (request, following)
    )
    return bool(here == there and request.method == following.method)


async def _read(response: Any, most: int) -> Any:
    """Return the response with its body read and decompressed. Raises TooLarge."""
    try:
        data = await _body(response, most)
    finally:
        await response.aclose()
    headers = [(name, value) for name, value in response.headers.raw if name.lower() not in _ENCODED]
    return type(response)(response.status_code, headers=headers, content=data, request=response.request)


async def _body(response: Any, most: int) -> bytes:
    """Read up to the bound; the end of a stream is the end, though the server may keep it open."""
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
    """Return the last chunk, with the end of those before it."""
    return b"".join(chunks[-_TAIL:-1])[-_TAIL:] + chunks[-1]
