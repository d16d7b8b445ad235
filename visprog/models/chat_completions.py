"""Requests to a server that speaks Chat Completions: retries, the total deadline, and no key in sight.

Every model behind such an API sends its requests from here.
"""

from __future__ import annotations

import asyncio
import os
import random
import threading
import time
import urllib.parse
import weakref
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from visprog.errors import ModelError, ModelTimeout, ModelUnavailable
from visprog.models.chat_outcome import Failure, explain, read_answer, redacted, shortened
from visprog.models.roles import Completion

if TYPE_CHECKING:
    import openai

T = TypeVar("T")

_OPENAI = "https://api.openai.com/v1"
_PLACEHOLDER = "none"  # the client insists on a key; servers that need none ignore it


class ChatCompletions:
    """A server that speaks Chat Completions. May be used from several threads at once.

    Connection errors and the statuses 408, 409, 429 and 5xx are tried again, `retries` times at most and
    never beyond `deadline` seconds in all. The key is part of no message, error or repr.
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

    def complete(self, body: Mapping[str, Any]) -> Completion:
        """Send one request and return the answer. `body` has `model`, `messages` and further options.

        Raises ModelRefused, ModelTimeout or ModelFailed, within the deadline; ModelUnavailable where the
        client cannot be set up.
        """
        connection = self._connected()
        ends = self._clock() + self.deadline
        for attempt in range(1, self.retries + 2):
            outcome = connection.run(self._send(connection.client, body, ends), ends - self._clock())
            if isinstance(outcome, Completion):
                return outcome
            if outcome is None:
                raise self._timeout()
            pause = self._pause(outcome, attempt)
            if not outcome.again or attempt > self.retries or self._clock() + pause >= ends:
                raise self._final(outcome, attempt)
            self._sleep(pause)
        raise AssertionError("the last attempt returns or raises")

    def close(self) -> None:
        """Close the connections. The next request opens new ones."""
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def __repr__(self) -> str:
        return f"ChatCompletions({self.place!r})"

    def _connected(self) -> _Connection:
        with self._lock:
            if self._connection is None:
                self._connection = _Connection(self._address, self._key or _PLACEHOLDER)
            return self._connection

    async def _send(
        self, client: openai.AsyncOpenAI, body: Mapping[str, Any], ends: float
    ) -> Completion | Failure:
        """Make one attempt. What the client raises holds the request, key and all: it ends here."""
        try:
            seconds = max(ends - self._clock(), 0.001)
            answer = await client.chat.completions.with_raw_response.create(**body, timeout=seconds)
            outcome = read_answer(answer.text, self.place)
        except Exception as fault:  # nothing may leave that could show the key
            outcome = explain(fault, self.place, str(body.get("model", "")), bool(self._key))
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
        self._finish = weakref.finalize(self, _begin_to_close, self._loop, self.client)

    def run(self, work: Coroutine[Any, Any, T], seconds: float) -> T | None:
        """Return what `work` returns, or None where that takes longer than `seconds`."""
        future = asyncio.run_coroutine_threadsafe(work, self._loop)
        try:
            return future.result(max(seconds, 0.0))
        except TimeoutError:
            return None
        finally:
            future.cancel()

    def close(self) -> None:
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
    try:
        return openai.AsyncOpenAI(api_key=key, base_url=address, max_retries=0)
    except Exception as cause:  # a proxy variable may be wrong in many ways
        fault = type(cause).__name__
    raise ModelUnavailable(
        f"the client for {_without_secrets(address)} cannot be set up ({fault})",
        help="check the base URL, and the variables HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and SSL_CERT_FILE",
    )


def variable(name: str) -> str:
    """Return an environment variable without white space around it; '' where it is not set."""
    return os.environ.get(name, "").strip()


def _checked_key(key: str, *, needed: bool) -> str:
    if not key and needed:
        raise ModelUnavailable(
            "there is no API key and no base URL for the language model",
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
