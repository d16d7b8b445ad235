"""Requests to an OpenAI-compatible service: retries, fallbacks, a total deadline, and hidden secrets.

All models of this backend send their requests here. The tokens that they use are counted here.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from visprog.errors import AnswerCut, ModelError, ModelFailed, ModelTimeout
from visprog.models.backends.openai.connection import Access, Connection, ConnectionClosed
from visprog.models.backends.openai.failures import Asked, Failure, failed_call
from visprog.models.backends.openai.fallbacks import Fallback, Fields, find_fallback
from visprog.models.backends.openai.keys import find_login
from visprog.models.backends.openai.outcome import (
    Outcome,
    Painting,
    Response,
    hidden,
    read_completion,
    read_painting,
    read_transcription,
)
from visprog.models.fingerprints import shown
from visprog.models.roles import Completion
from visprog.models.usage import spend

if TYPE_CHECKING:
    import openai

_Send: TypeAlias = "Callable[[openai.AsyncOpenAI], Callable[..., Awaitable[Any]]]"
"""Returns the client's method that sends one request and returns the raw response."""
_Read: TypeAlias = "Callable[[Response, Asked], Outcome | Failure]"

MAX_BYTES = 32_000_000
"""Default maximum size of a decompressed answer, in bytes."""


class Service:
    """An OpenAI-compatible service. Safe between threads.

    `base_url` is its address. The default is OPENAI_BASE_URL, then OpenAI. The key is `key` or the value of
    the variable `api_key_env`; OPENAI_API_KEY is used only for OpenAI and the server of OPENAI_BASE_URL.

    A request is repeated after connection errors and the statuses 408, 409, 425, 429 and 5xx (also inside an
    answer), at most `retries` times. `deadline` is the maximum time in seconds for a request with all its
    retries. If the server rejects a field of a request, the request is changed and sent again, once for each
    kind of change. `max_bytes` is the maximum size of a decompressed answer. Messages, errors and reprs
    contain no secrets. Requests raise ModelRefused, ModelTimeout or ModelFailed, and ModelUnavailable if the
    client cannot be created.
    """

    def __init__(
        self,
        *,
        base_url: str | None = None,
        key: str | None = None,
        api_key_env: str | None = None,
        deadline: float = 60.0,
        max_bytes: int = MAX_BYTES,
        retries: int = 4,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        login = find_login(base_url, key, api_key_env)
        self._address = login.address
        self._secrets = login.secrets()
        self._access = Access(login.address, login.headers(), max_bytes, login.is_own)
        self._login_help, self._has_key = login.help, bool(login.key or login.address.login)
        self.place = login.address.url
        self.deadline = deadline
        self.retries = retries
        self._clock, self._sleep, self._chance = clock, sleep, chance
        self._lock = threading.Lock()
        self._connection: Connection | None = None
        self._learned: dict[str, tuple[Fallback, ...]] = {}  # changes that each model needs

    def complete(self, fields: Mapping[str, Any]) -> Completion:
        """Continue a conversation. `fields` are those of Chat Completions: `model`, `messages` and others."""
        return self._request(
            lambda client: client.chat.completions.with_raw_response.create, read_completion, fields
        )

    def edit_image(self, fields: Mapping[str, Any]) -> Painting:
        """Repaint the masked part of a picture. `fields` are those of image edits."""
        return self._request(lambda client: client.images.with_raw_response.edit, read_painting, fields)

    def transcribe(self, fields: Mapping[str, Any]) -> Completion:
        """Transcribe a recording. `fields` are those of audio transcriptions."""
        return self._request(
            lambda client: client.audio.transcriptions.with_raw_response.create, read_transcription, fields
        )

    def _request(self, send: _Send, read: _Read[Outcome], fields: Fields) -> Outcome:
        asked = Asked(self._address, str(fields["model"]), self._has_key, self._login_help, self.deadline)
        connection, ends = self._connected(), self._clock() + self.deadline
        used: tuple[Fallback, ...] = self._learned.get(asked.model, ())
        for fallback in used:
            fields = fallback.change(fields)
        requests = failures = 0
        while True:
            outcome = self._outcome(connection, send, read, fields, asked, ends)
            requests += 1
            if not isinstance(outcome, Failure):
                return self._accepted(outcome, asked.model, used)
            found = find_fallback(outcome.status, outcome.said, fields, {each.kind for each in used})
            if found is not None:
                fields, used = found.change(fields), (*used, found)
                continue
            failures += 1
            pause = self._pause(outcome, failures)
            most = min(self.retries, 1) if outcome.once else self.retries
            if not outcome.again or failures > most or self._clock() + pause >= ends:
                raise self._final(outcome, requests)
            self._sleep(pause)

    def _accepted(self, outcome: Outcome, model: str, used: tuple[Fallback, ...]) -> Outcome:
        """Remember the changes that made the server answer, and add remarks about them."""
        if not used or not isinstance(outcome, Completion):
            return outcome
        self._learned[model] = used
        return outcome._replace(remarks=(*(each.remark for each in used), *outcome.remarks))

    def _outcome(
        self,
        connection: Connection,
        send: _Send,
        read: _Read[Outcome],
        fields: Fields,
        asked: Asked,
        ends: float,
    ) -> Outcome | Failure:
        """Send one request and count its tokens. Raises ModelTimeout or ModelFailed."""
        attempt = self._attempt(connection.client, send, read, fields, asked, ends)
        try:
            outcome = connection.run(attempt, ends - self._clock())
        except ConnectionClosed:
            raise self._closed() from None
        if outcome is None:
            raise self._timeout()
        spend(outcome.input_tokens, outcome.output_tokens)
        return outcome

    async def _attempt(
        self,
        client: openai.AsyncOpenAI,
        send: _Send,
        read: _Read[Outcome],
        fields: Fields,
        asked: Asked,
        ends: float,
    ) -> Outcome | Failure:
        """Send one request. No exception of the client leaves this method, because it contains the key."""
        outcome: Outcome | Failure
        try:
            answer = await send(client)(**fields, timeout=max(ends - self._clock(), 0.001))
            received = answer.http_response
            outcome = read(Response(received.content, received.headers), asked)
        except Exception as fault:  # any exception could show the key
            outcome = failed_call(fault, asked, self._access.max_bytes)
        return hidden(outcome, self._secrets)

    def fingerprint(self, model: str, **settings: object) -> str:
        """Return the fingerprint of a model of this service. Settings that are None are ignored.

        Parts that may be secret, such as the query of the address, are hashed.
        """
        described = [shown(name, value) for name, value in settings.items() if value is not None]
        return " ".join([f"openai:{model} at {self._address.described()}", *described])

    def close(self) -> None:
        """Close the connections. Running requests raise ModelFailed. The next request opens new ones."""
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def __repr__(self) -> str:
        return f"Service({self.place!r})"

    def _connected(self) -> Connection:
        with self._lock:
            if self._connection is None:
                self._connection = Connection(self._access)
            return self._connection

    def _pause(self, failure: Failure, attempt: int) -> float:
        if failure.pause is not None:
            return failure.pause
        longest = min(0.5 * 2.0 ** (attempt - 1), 8.0)
        return longest * (0.5 + 0.5 * self._chance())  # jitter, so that many callers do not retry together

    def _final(self, failure: Failure, attempts: int) -> ModelError:
        message = failure.message
        if attempts > 1:
            message += f"; tried {attempts} times"
        if failure.pause is not None and failure.pause >= self.deadline:
            message += (
                f"; it asks to wait {failure.pause:,.0f} s, longer than the deadline of {self.deadline:g} s"
            )
        if issubclass(failure.error, AnswerCut):
            return failure.error(message, help=failure.help, text=failure.cut)
        return failure.error(message, help=failure.help)

    def _timeout(self) -> ModelTimeout:
        return ModelTimeout(
            f"no complete answer came from {self.place} within {self.deadline:g} s",
            help="try again, use a faster model (OPENAI_MODEL), or set a longer deadline",
        )

    def _closed(self) -> ModelFailed:
        return ModelFailed(
            f"the connection to {self.place} was closed during a request",
            help="try again; close a model only after its last answer",
        )


def extra_fields(parameters: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the client's argument for fields that it does not know."""
    return {"extra_body": dict(parameters)} if parameters else {}
