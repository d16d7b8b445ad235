"""What comes of one request: an answer, or why there is none and whether another attempt may help."""

from __future__ import annotations

import base64
import email.utils
import json
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from visprog.errors import ModelError, ModelFailed, ModelRefused, ModelTimeout
from visprog.models.roles import Completion

if TYPE_CHECKING:
    import openai


class Failure(NamedTuple):
    """Why an attempt gave no answer; `again` where another may, after `pause` seconds if the server said.

    What came of it may have cost tokens all the same.
    """

    error: type[ModelError]
    message: str
    help: str
    again: bool = False
    pause: float | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None


class Painting(NamedTuple):
    """A picture that a model painted, as the bytes of its file, and what it cost in tokens where known."""

    data: bytes
    input_tokens: int | None = None
    output_tokens: int | None = None


Outcome = TypeVar("Outcome", Completion, Painting)
"""What an attempt that succeeds comes to."""


def read_completion(text: str, place: str) -> Completion | Failure:
    """Find the answer in the body of a successful response of Chat Completions."""
    body = _body(text, place)
    if isinstance(body, Failure):
        return body
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        return _without("choices", body, place, "Chat Completions")
    costs = _tokens(body, "prompt_tokens", "completion_tokens")
    outcome = _first_choice(body, choices[0], place)
    return outcome._replace(input_tokens=costs[0], output_tokens=costs[1])


def read_painting(text: str, place: str) -> Painting | Failure:
    """Find the picture in the body of a successful response of image editing."""
    body = _body(text, place)
    if isinstance(body, Failure):
        return body
    pictures = body.get("data")
    first = pictures[0] if isinstance(pictures, list) and pictures else None
    encoded = first.get("b64_json") if isinstance(first, dict) else None
    if not isinstance(encoded, str) or not encoded:
        return _without("a picture", body, place, "image editing, or returns addresses of pictures")
    try:
        data = base64.b64decode(encoded, validate=True)
    except ValueError:
        return Failure(ModelFailed, f"the picture from {place} is no Base64", "try again later", again=True)
    return Painting(data, *_tokens(body, "input_tokens", "output_tokens"))


def read_transcription(text: str, place: str) -> Completion | Failure:
    """Find the text in the body of a successful response of transcription; silence has none."""
    body = _body(text, place)
    if isinstance(body, Failure):
        return body
    if not isinstance(body.get("text"), str):
        return _without("text", body, place, "audio transcription")
    return Completion(sound(body["text"]), "", *_tokens(body, "input_tokens", "output_tokens"))


def _body(text: str, place: str) -> dict[str, Any] | Failure:
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        return _not_json(text, place)
    return body if isinstance(body, dict) else {}


def _without(what: str, body: dict[str, Any], place: str, speech: str) -> Failure:
    said = _said(body)
    return Failure(
        ModelFailed,
        f"{place} answered without {what}" + (f": {said}" if said else ""),
        f"try again; if it stays so, the server does not speak {speech}, or not at this base URL",
    )


def _tokens(body: dict[str, Any], sent: str, received: str) -> tuple[int | None, int | None]:
    usage = body.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    return _count(usage.get(sent)), _count(usage.get(received))


def _not_json(text: str, place: str) -> Failure:
    if text.lstrip().startswith("<"):
        return Failure(
            ModelFailed,
            f"{place} answered with a web page instead of JSON",
            "check the base URL (OPENAI_BASE_URL): it usually ends in /v1",
        )
    return Failure(ModelFailed, f"the answer of {place} is cut off or no JSON", "try again later", again=True)


def _first_choice(body: dict[str, Any], choice: dict[str, Any], place: str) -> Completion | Failure:
    message = choice.get("message")
    message = message if isinstance(message, dict) else {}
    content, refusal, reason = message.get("content"), message.get("refusal"), choice.get("finish_reason")
    model = shortened(sound(str(body.get("model") or "")))
    if refusal or reason == "content_filter":
        why = f": {shortened(str(refusal))}" if refusal else " (content filter)"
        return Failure(ModelRefused, f"the model declined to answer{why}", "change the instruction's words")
    if reason == "length":
        return Failure(
            ModelFailed,
            f"the answer of {model or 'the model'} was cut at its length limit",
            "raise the server's limit on output tokens, or use a model that thinks less before it answers",
        )
    if not isinstance(content, str) or not content.strip():
        return Failure(
            ModelFailed, f"{place} answered without text", "try again, or use another model (OPENAI_MODEL)"
        )
    return Completion(sound(content), model)


def explain(fault: Exception, place: str, model: str, has_key: bool) -> Failure:
    """Say what an exception of the client means."""
    import openai

    if isinstance(fault, openai.APITimeoutError):
        return Failure(ModelTimeout, f"no answer came from {place} in time", "try again, or allow more time")
    if isinstance(fault, openai.APIConnectionError):
        why = shortened(str(fault.__cause__ or fault))
        return Failure(
            ModelFailed,
            f"the connection to {place} failed: {why}",
            "check that the server runs, the base URL (OPENAI_BASE_URL) and the network",
            again=True,
        )
    if isinstance(fault, openai.APIStatusError):
        return _rejection(fault, place, model, has_key)
    return Failure(
        ModelFailed, f"the answer of {place} is of no use ({type(fault).__name__})", "try again later"
    )


def _rejection(fault: openai.APIStatusError, place: str, model: str, has_key: bool) -> Failure:
    """Say what a status other than success means."""
    status, said = fault.status_code, _said(fault.body)
    detail = f" (HTTP {status})" + (f": {said}" if said and status != 401 else "")
    if status == 429 and "insufficient_quota" not in (fault.code, fault.type):
        pause = _retry_after(fault.response.headers)
        return Failure(
            ModelRefused,
            f"{place} gets too many requests{detail}",
            "wait a while, ask less often, or use another model (OPENAI_MODEL)",
            True,
            pause,
        )
    if status in (408, 409) or status >= 500:
        pause = _retry_after(fault.response.headers)
        return Failure(ModelFailed, f"{place} failed{detail}", "try again later", True, pause)
    message, help_ = _REJECTIONS.get(status, ("rejected the request", "change what the server objects to"))
    if status == 401 and not has_key:
        message, help_ = "wants an API key", "set OPENAI_API_KEY"
    if status == 404 and (fault.code == "model_not_found" or "model" in said.lower()):
        message, help_ = f"has no model `{model}`", "name one that it has (OPENAI_MODEL, or in the profile)"
    return Failure(ModelRefused, f"{place} {message}{detail}", help_)


_REJECTIONS = {
    401: ("rejected the API key", "set OPENAI_API_KEY to a key that is valid for this server"),
    403: ("does not allow this request", "check that the key may use this model, and from this country"),
    404: ("has nothing at this address", "check the base URL (OPENAI_BASE_URL): it usually ends in /v1"),
    413: ("finds the request too large", "use a shorter instruction, fewer examples, or smaller pictures"),
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
    return shortened(body) if isinstance(body, str) and not body.lstrip().startswith("<") else ""


def shortened(text: str) -> str:
    """Return the beginning of what a server said, on one line, without control characters."""
    line = " ".join(text[:2000].split())
    line = "".join(char if char.isprintable() else "�" for char in line)
    return line if len(line) <= 300 else f"{line[:299]}…"


def sound(text: str) -> str:
    """Replace lone surrogates, which can be neither sent nor written to a file."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _count(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


_SECRET = 12
"""Keys of so many characters are secrets: shorter ones are found in harmless words, and in programs."""


def redacted(outcome: Outcome | Failure, key: str) -> Outcome | Failure:
    """Hide the key where a server repeats it. A short one is a word like `none` for a server without keys."""
    if len(key) < _SECRET or isinstance(outcome, Painting):
        return outcome
    if isinstance(outcome, Failure):
        return outcome._replace(message=_hide(outcome.message, key))
    text, model = outcome.text.replace(key, "[key]"), outcome.model.replace(key, "[key]")
    return outcome._replace(text=text, model=model)


def _hide(text: str, key: str) -> str:
    """Hide the key and every piece of it: servers like to quote its beginning and its end."""
    size = min(len(key), 6)
    pieces = {key[start : start + size] for start in range(len(key) - size + 1)}
    hidden = [False] * len(text)
    for start in range(len(text) - size + 1):
        if text[start : start + size] in pieces:
            hidden[start : start + size] = [True] * size
    return "".join("*" if secret else char for char, secret in zip(text, hidden, strict=True))
