"""Models behind an OpenAI-compatible API, in the cloud or on this machine.

`ChatCompletions` is the one place that sends requests: it retries, keeps the total deadline and turns every
failure into a ModelError. The models of this file say what to send and what to make of the answer.

The key is read from OPENAI_API_KEY, the address from OPENAI_BASE_URL, the model's name from OPENAI_MODEL,
where the caller does not give them. A server of one's own needs an address and no key.
"""

from __future__ import annotations

import asyncio
import email.utils
import json
import os
import random
import threading
import time
import urllib.parse
import weakref
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from visprog.errors import ModelError, ModelFailed, ModelRefused, ModelTimeout, ModelUnavailable
from visprog.models.roles import Completion, Message

if TYPE_CHECKING:
    import openai

T = TypeVar("T")

DEFAULT_MODEL = "gpt-6.1-terra"
"""OpenAI's balanced model; https://developers.openai.com/api/docs/models lists the others."""

_OPENAI = "https://api.openai.com/v1"
_PLACEHOLDER = "none"  # the client insists on a key; servers that need none ignore it
_AGAIN = frozenset({408, 409})  # and 429 and 5xx, which are told apart below


def is_configured() -> bool:
    """Whether the environment names a key or a server, so that a request can be tried."""
    return bool(_variable("OPENAI_API_KEY") or _variable("OPENAI_BASE_URL"))


class OpenAILanguageModel:
    """A language model behind Chat Completions.

    `deadline` is the longest that a call may take, in seconds, retries and pauses included. Raises
    ModelUnavailable where there is neither a key nor a base URL.
    """

    def __init__(
        self,
        model: str | None = None,
        *,
        base_url: str | None = None,
        key: str | None = None,
        deadline: float = 60.0,
        server: ChatCompletions | None = None,
    ) -> None:
        self.model = model or _variable("OPENAI_MODEL") or DEFAULT_MODEL
        self._server = server or ChatCompletions(base_url=base_url, key=key, deadline=deadline)
        self.fingerprint = f"openai:{self.model} at {self._server.place}"

    def complete(self, messages: Sequence[Message], *, temperature: float | None = None) -> Completion:
        """Return the next turn. `temperature` is left out where None, as models that reason refuse it.

        Raises ModelRefused, ModelTimeout or ModelFailed.
        """
        options = {} if temperature is None else {"temperature": temperature}
        turns = [{"role": role, "content": _sound(content)} for role, content in messages]
        return self._server.complete({"model": self.model, "messages": turns, **options})

    def __repr__(self) -> str:
        return f"OpenAILanguageModel({self.fingerprint!r})"


class _Failure(NamedTuple):
    """Why an attempt gave no answer; `again` where another may, after `pause` seconds if the server said."""

    error: type[ModelError]
    message: str
    help: str
    again: bool = False
    pause: float | None = None


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
        address = base_url or _variable("OPENAI_BASE_URL")
        self._key = _checked_key(key or _variable("OPENAI_API_KEY"), needed=not address)
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
    ) -> Completion | _Failure:
        """Make one attempt. What the client raises holds the request, key and all: it ends here."""
        try:
            seconds = max(ends - self._clock(), 0.001)
            answer = await client.chat.completions.with_raw_response.create(**body, timeout=seconds)
            outcome = _read(answer.text, self.place)
        except Exception as fault:  # nothing may leave that could show the key
            outcome = _failure(fault, self.place, str(body.get("model", "")), bool(self._key))
        return _redacted(outcome, self._key)

    def _pause(self, failure: _Failure, attempt: int) -> float:
        if failure.pause is not None:
            return failure.pause
        longest = min(0.5 * 2.0 ** (attempt - 1), 8.0)
        return longest * (0.5 + 0.5 * self._chance())  # so that many callers don't return in step

    def _final(self, failure: _Failure, attempts: int) -> ModelError:
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


def _read(text: str, place: str) -> Completion | _Failure:
    """Find the answer in the body of a successful response."""
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return _not_json(text, place)
    choices = body.get("choices") if isinstance(body, dict) else None
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        said = _said(body)
        return _Failure(
            ModelFailed,
            f"{place} answered without choices" + (f": {said}" if said else ""),
            "try again; if it stays so, the server does not speak Chat Completions, or not at this base URL",
        )
    return _first_choice(body, choices[0], place)


def _not_json(text: str, place: str) -> _Failure:
    if text.lstrip().startswith("<"):
        return _Failure(
            ModelFailed,
            f"{place} answered with a web page instead of JSON",
            "check the base URL (OPENAI_BASE_URL): it usually ends in /v1",
        )
    return _Failure(
        ModelFailed, f"the answer of {place} is cut off or no JSON", "try again later", again=True
    )


def _first_choice(body: dict[str, Any], choice: dict[str, Any], place: str) -> Completion | _Failure:
    message = choice.get("message")
    message = message if isinstance(message, dict) else {}
    content, refusal, reason = message.get("content"), message.get("refusal"), choice.get("finish_reason")
    model = str(body.get("model") or "")
    if refusal or reason == "content_filter":
        why = f": {_short(str(refusal))}" if refusal else " (content filter)"
        return _Failure(ModelRefused, f"the model declined to answer{why}", "change the instruction's words")
    if reason == "length":
        return _Failure(
            ModelFailed,
            f"the answer of {model or 'the model'} was cut at its length limit",
            "raise the server's limit on output tokens, or use a model that thinks less before it answers",
        )
    if not isinstance(content, str) or not content.strip():
        return _Failure(
            ModelFailed, f"{place} answered without text", "try again, or use another model (OPENAI_MODEL)"
        )
    usage = body.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    counts = [_count(usage.get(name)) for name in ("prompt_tokens", "completion_tokens")]
    return Completion(_sound(content), _sound(model), *counts)


def _failure(fault: Exception, place: str, model: str, has_key: bool) -> _Failure:
    """Say what an exception of the client means."""
    import openai

    if isinstance(fault, openai.APITimeoutError):
        return _Failure(
            ModelTimeout, f"no answer came from {place} in time", "try again, or allow more time"
        )
    if isinstance(fault, openai.APIConnectionError):
        why = _short(str(fault.__cause__ or fault))
        return _Failure(
            ModelFailed,
            f"the connection to {place} failed: {why}",
            "check that the server runs, the base URL (OPENAI_BASE_URL) and the network",
            again=True,
        )
    if isinstance(fault, openai.APIStatusError):
        return _rejection(fault, place, model, has_key)
    return _Failure(
        ModelFailed, f"the answer of {place} is of no use ({type(fault).__name__})", "try again later"
    )


def _rejection(fault: openai.APIStatusError, place: str, model: str, has_key: bool) -> _Failure:
    """Say what a status other than success means."""
    status, said = fault.status_code, _said(fault.body)
    detail = f" (HTTP {status})" + (f": {said}" if said and status != 401 else "")
    if status == 429 and "insufficient_quota" not in (fault.code, fault.type):
        pause = _retry_after(fault.response.headers)
        return _Failure(
            ModelRefused,
            f"{place} gets too many requests{detail}",
            "wait a while, ask less often, or use another model (OPENAI_MODEL)",
            True,
            pause,
        )
    if status in _AGAIN or status >= 500:
        pause = _retry_after(fault.response.headers)
        return _Failure(ModelFailed, f"{place} failed{detail}", "try again later", True, pause)
    message, help_ = _REJECTIONS.get(status, ("rejected the request", "change what the server objects to"))
    if status == 401 and not has_key:
        message, help_ = "wants an API key", "set OPENAI_API_KEY"
    if status == 404 and (fault.code == "model_not_found" or "model" in said.lower()):
        message, help_ = f"has no model `{model}`", "name a model that it has, with OPENAI_MODEL"
    return _Failure(ModelRefused, f"{place} {message}{detail}", help_)


_REJECTIONS = {
    401: ("rejected the API key", "set OPENAI_API_KEY to a key that is valid for this server"),
    403: ("does not allow this request", "check that the key may use this model, and from this country"),
    404: ("has nothing at this address", "check the base URL (OPENAI_BASE_URL): it usually ends in /v1"),
    413: ("finds the request too large", "use a shorter instruction or a smaller bank of examples"),
    429: ("reports that the account's quota is used up", "add credit to the account, or use another key"),
}


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Return for how many seconds the server asks to wait: a number, or a date by its own clock."""
    value = headers.get("retry-after", "")
    try:
        pause = float(value)
    except ValueError:
        until, now = _timestamp(value), _timestamp(headers.get("date", ""))
        if until is None:
            return None
        pause = until - (time.time() if now is None else now)
    return pause if pause > 0 else None  # a date gone by asks for nothing, nor does "nan"


def _timestamp(date: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None


def _said(body: object) -> str:
    """Return the server's own words from the body of an error."""
    if isinstance(body, dict):
        body = body.get("error") or body.get("message") or body.get("detail")
    if isinstance(body, dict):
        body = body.get("message")
    return _short(body) if isinstance(body, str) and not body.lstrip().startswith("<") else ""


def _short(text: str) -> str:
    """Return the beginning of what a server said, on one line, without control characters."""
    line = " ".join(text[:2000].split())
    line = "".join(char if char.isprintable() else "�" for char in line)
    return line if len(line) <= 300 else f"{line[:299]}…"


def _sound(text: str) -> str:
    """Replace lone surrogates, which can be neither sent nor written to a file."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _redacted(outcome: Completion | _Failure, key: str) -> Completion | _Failure:
    """Hide the key where a server repeats it."""
    if not key:
        return outcome
    if isinstance(outcome, Completion):
        text, model = outcome.text.replace(key, "[key]"), outcome.model.replace(key, "[key]")
        return outcome._replace(text=text, model=model)
    return outcome._replace(message=_hide(outcome.message, key))


def _hide(text: str, key: str) -> str:
    """Hide the key and every piece of it: servers like to quote its beginning and its end."""
    size = min(len(key), 6)
    pieces = {key[start : start + size] for start in range(len(key) - size + 1)}
    hidden = [False] * len(text)
    for start in range(len(text) - size + 1):
        if text[start : start + size] in pieces:
            hidden[start : start + size] = [True] * size
    return "".join("*" if secret else char for char, secret in zip(text, hidden, strict=True))


def _variable(name: str) -> str:
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
            f"the base URL {_short(_without_secrets(address))!r} is not the address of a server",
            help="give one such as http://localhost:8000/v1 (OPENAI_BASE_URL)",
        )
    return address.strip()


def _without_secrets(address: str) -> str:
    """Return an address without the user, password and query that it may hold."""
    scheme, slashes, rest = address.strip().rpartition("://")
    return scheme + slashes + rest.rpartition("@")[2].partition("?")[0]
