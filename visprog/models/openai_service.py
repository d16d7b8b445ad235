"""Requests to an OpenAI-compatible service: retries, the total deadline, and no key in sight.

Every model behind such an API sends its requests from here, and what they cost is counted here.
"""

from __future__ import annotations

import asyncio
import base64
import os
import random
import threading
import time
import urllib.parse
import weakref
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from concurrent.futures import CancelledError
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from visprog.errors import ModelError, ModelFailed, ModelTimeout, ModelUnavailable
from visprog.models.fingerprints import short_hash, shown
from visprog.models.openai_outcome import (
    Failure,
    Outcome,
    Painting,
    explain,
    read_completion,
    read_painting,
    read_transcription,
    redacted,
    shortened,
)
from visprog.models.roles import Completion
from visprog.models.usage import spend

if TYPE_CHECKING:
    import openai

T = TypeVar("T")

_Call: TypeAlias = "Callable[[openai.AsyncOpenAI, float], Awaitable[Any]]"
"""Sends one request, which may take so many seconds, and returns the raw response."""

_OPENAI = "https://api.openai.com/v1"
_PLACEHOLDER = "none"  # the client insists on a key; servers that need none ignore it


class Service:
    """An OpenAI-compatible service. May be used from several threads at once.

    Connection errors and the statuses 408, 409, 429 and 5xx are tried again, `retries` times at most and
    never beyond `deadline` seconds in all. The key is part of no message, error or repr. Every request
    raises ModelRefused, ModelTimeout or ModelFailed, within the deadline, and ModelUnavailable where the
    client cannot be set up.
    """

    def __init__(
        self,
        *,
        base_url: str | None = None,
        key: str | None = None,
        deadline: float = 60.0,
        retries: int = 4,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        address = base_url or variable("OPENAI_BASE_URL")
        self._key = _checked_key(key or variable("OPENAI_API_KEY"), needed=not address)
        self._address = _checked_address(address or _OPENAI)
        self.place = _without_secrets(self._address)
        self.deadline = deadline
        self.retries = retries
        self._clock, self._sleep, self._chance = clock, sleep, chance
        self._lock = threading.Lock()
        self._connection: _Connection | None = None

    def complete(self, fields: Mapping[str, Any]) -> Completion:
        """Continue a conversation: `fields` are those of Chat Completions, `model` and `messages` first."""
        return self._request(
            lambda client, seconds: client.chat.completions.with_raw_response.create(
                **fields, timeout=seconds
            ),
            read_completion,
            str(fields["model"]),
        )

    def edit_image(self, fields: Mapping[str, Any]) -> Painting:
        """Paint a picture anew where its mask says so: `fields` are those of image editing."""
        return self._request(
            lambda client, seconds: client.images.with_raw_response.edit(**fields, timeout=seconds),
            read_painting,
            str(fields["model"]),
        )

    def transcribe(self, fields: Mapping[str, Any]) -> Completion:
        """Write down what is said in a recording: `fields` are those of audio transcription."""
        return self._request(
            lambda client, seconds: client.audio.transcriptions.with_raw_response.create(
                **fields, timeout=seconds
            ),
            read_transcription,
            str(fields["model"]),
        )

    def _request(self, call: _Call, read: Callable[[str, str], Outcome | Failure], model: str) -> Outcome:
        connection = self._connected()
        ends = self._clock() + self.deadline
        for attempt in range(1, self.retries + 2):
            attempted = self._attempt(connection.client, call, read, model, ends)
            try:
                outcome = connection.run(attempted, ends - self._clock())
            except _Closed:
                raise self._closed() from None
            if outcome is None:
                raise self._timeout()
            spend(outcome.input_tokens, outcome.output_tokens)
            if not isinstance(outcome, Failure):
                return outcome
            pause = self._pause(outcome, attempt)
            if not outcome.again or attempt > self.retries or self._clock() + pause >= ends:
                raise self._final(outcome, attempt)
            self._sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def fingerprint(self, model: str, **settings: object) -> str:
        """Return what tells a model of this service from others; settings that are None do not count.

        What may hold a secret, such as the query of the address, shows as a hash.
        """
        query = urllib.parse.urlsplit(self._address).query
        place = f"{self.place}?#{short_hash(query)}" if query else self.place
        told = [shown(name, value) for name, value in settings.items() if value is not None]
        return " ".join([f"openai:{model} at {place}", *told])

    def close(self) -> None:
        """Close the connections; requests under way raise ModelFailed. The next request opens new ones."""
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def __repr__(self) -> str:
        return f"Service({self.place!r})"

    def _connected(self) -> _Connection:
        with self._lock:
            if self._connection is None:
                self._connection = _Connection(self._address, self._key or _PLACEHOLDER)
            return self._connection

    async def _attempt(
        self,
        client: openai.AsyncOpenAI,
        call: _Call,
        read: Callable[[str, str], Outcome | Failure],
        model: str,
        ends: float,
    ) -> Outcome | Failure:
        """Make one attempt. What the client raises holds the request, key and all: it ends here."""
        outcome: Outcome | Failure
        try:
            answer = await call(client, max(ends - self._clock(), 0.001))
            outcome = read(answer.text, self.place)
        except Exception as fault:  # nothing may leave that could show the key
            outcome = explain(fault, self.place, model, bool(self._key))
        return redacted(outcome, self._key)

    def _pause(self, failure: Failure, attempt: int) -> float:
        if failure.pause is not None:
            return failure.pause
        longest = min(0.5 * 2.0 ** (attempt - 1), 8.0)
        return longest * (0.5 + 0.5 * self._chance())  # so that many callers don't return in step

    def _final(self, failure: Failure, attempts: int) -> ModelError:
        message = failure.message
        if attempts > 1:
            message += f"; tried {attempts} times"
        if failure.pause is not None and failure.pause >= self.deadline:
            message += (
                f"; it asks to wait {failure.pause:,.0f} s, "
                f"longer than the {self.deadline:g} s that a call may take"
            )
        return failure.error(message, help=failure.help)

    def _timeout(self) -> ModelTimeout:
        return ModelTimeout(
            f"no complete answer came from {self.place} within {self.deadline:g} s",
            help="try again, use a faster model (OPENAI_MODEL), or allow more time with a longer deadline",
        )

    def _closed(self) -> ModelFailed:
        return ModelFailed(
            f"the connection to {self.place} was closed while it was asked",
            help="ask again: the next request opens a new one; close a model when it has answered",
        )


class _Closed(Exception):  # noqa: N818 - becomes a ModelFailed
    """The connection was closed before there was an answer."""


class _Connection:
    """The client and an event loop of its own, in a daemon thread.

    In a loop an attempt can be given up at any moment, wherever it hangs: a server that sends a byte now and
    then never lets a read time out. A thread of its own, because notebooks have a loop running already.
    """

    def __init__(self, address: str, key: str) -> None:
        self.client = _client(address, key)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=_serve, args=(self._loop,), name="visprog-openai", daemon=True)
        self._thread.start()
        self._lock = threading.Lock()
        self._open = True
        self._finish = weakref.finalize(self, _begin_to_close, self._loop, self.client)

    def run(self, work: Coroutine[Any, Any, T], seconds: float) -> T | None:
        """Return what `work` returns, or None where that takes longer than `seconds`. Raises _Closed."""
        with self._lock:  # what is begun before the connection is closed is ended by it, and not forgotten
            if not self._open:
                work.close()
                raise _Closed
            future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(max(seconds, 0.0))
        except TimeoutError:
            return None
        except CancelledError:
            raise _Closed from None
        finally:
            future.cancel()

    def close(self) -> None:
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


def _client(address: str, key: str) -> openai.AsyncOpenAI:
    try:
        import openai
    except ImportError as cause:
        raise ModelUnavailable(
            f"the package `openai` cannot be imported: {cause}", help="install it with `pip install openai`"
        ) from cause
    address, headers = _login(address)
    try:
        return openai.AsyncOpenAI(api_key=key, base_url=address, default_headers=headers, max_retries=0)
    except Exception as cause:  # a proxy variable may be wrong in many ways
        fault = type(cause).__name__
    raise ModelUnavailable(
        f"the client for {_without_secrets(address)} cannot be set up ({fault})",
        help="check the base URL, and the variables HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and SSL_CERT_FILE",
    )


def _login(address: str) -> tuple[str, dict[str, str]]:
    """Take user and password out of an address: the client logs where it sends to, and never the headers."""
    parts = urllib.parse.urlsplit(address)
    login, at, host = parts.netloc.rpartition("@")
    if not at:
        return address, {}
    encoded = base64.b64encode(urllib.parse.unquote(login).encode()).decode("ascii")
    return parts._replace(netloc=host).geturl(), {"Authorization": f"Basic {encoded}"}


def extra_fields(parameters: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return how the client wants further fields of a request, which it does not know by name."""
    return {"extra_body": dict(parameters)} if parameters else {}


def variable(name: str) -> str:
    """Return an environment variable without white space around it; '' where it is not set."""
    return os.environ.get(name, "").strip()


def _checked_key(key: str, *, needed: bool) -> str:
    if not key and needed:
        raise ModelUnavailable(
            "there is no API key and no base URL",
            help="set OPENAI_API_KEY; or OPENAI_BASE_URL for a server of your own, which may need no key",
        )
    key = key.strip()
    if not all("!" <= char <= "~" for char in key):
        raise ModelUnavailable(
            "the API key holds a blank or a character that no key has", help="copy the key again, alone"
        )
    return key


def _checked_address(address: str) -> str:
    try:
        parts = urllib.parse.urlsplit(address.strip())
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise ModelUnavailable(
            f"the base URL {shortened(_without_secrets(address))!r} is not the address of a server",
            help="give one such as http://localhost:8000/v1 (OPENAI_BASE_URL)",
        )
    return address.strip()


def _without_secrets(address: str) -> str:
    """Return an address without the user, password and query that it may hold."""
    scheme, slashes, rest = address.strip().rpartition("://")
    return scheme + slashes + rest.rpartition("@")[2].partition("?")[0]
