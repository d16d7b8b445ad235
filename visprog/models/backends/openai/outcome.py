"""Reads the body of a response: text, a picture, or the failure."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

from visprog.errors import AnswerCut, ModelFailed, ModelRefused
from visprog.models.backends.openai.failures import Asked, Failure, reported, shortened
from visprog.models.backends.openai.secrets import Secrets
from visprog.models.backends.openai.stream import STREAMED, is_stream, joined
from visprog.models.roles import Completion
from visprog.models.server_json import decoded, read_json


class Response(NamedTuple):
    """A successful response: the body, and the headers by lower-case names."""

    data: bytes
    headers: Mapping[str, str]


class Painting(NamedTuple):
    """The file of a picture that a model painted, and the number of tokens if known."""

    data: bytes
    input_tokens: int | None = None
    output_tokens: int | None = None


Outcome = TypeVar("Outcome", Completion, Painting)
"""The result of a successful request."""

_THOUGHT = "The server sent the answer in its field for reasoning, so it was read from there."


def read_completion(response: Response, asked: Asked) -> Completion | Failure:
    """Read the answer of Chat Completions."""
    text = _text(response)
    streamed = is_stream(text)
    body = joined(text) if streamed else _body(text, asked)
    if body is None:
        return Failure(ModelFailed, f"the stream of {asked.place} is cut off", "try again later", again=True)
    if isinstance(body, Failure):
        return body
    costs = _tokens(body, "prompt_tokens", "completion_tokens")
    outcome = reported(body, asked, response.headers) or _first_choice(body, asked)
    if streamed and isinstance(outcome, Completion):
        outcome = outcome._replace(remarks=(STREAMED, *outcome.remarks))
    return outcome._replace(input_tokens=costs[0], output_tokens=costs[1])


def read_painting(response: Response, asked: Asked) -> Painting | Failure:
    """Read the picture of an image edit."""
    body = _body(_text(response), asked)
    if isinstance(body, Failure):
        return body
    if failure := reported(body, asked, response.headers):
        return failure
    pictures = body.get("data")
    first = pictures[0] if isinstance(pictures, list) and pictures else None
    encoded = first.get("b64_json") if isinstance(first, dict) else None
    if not isinstance(encoded, str) or not encoded:
        return _without("a picture", asked, "image edits that return the picture itself")
    try:
        data = base64.b64decode(encoded, validate=True)
    except ValueError:
        return Failure(
            ModelFailed, f"the picture from {asked.place} is not valid Base64", "try again later", again=True
        )
    return Painting(data, *_tokens(body, "input_tokens", "output_tokens"))


def read_transcription(response: Response, asked: Asked) -> Completion | Failure:
    """Read the text of a transcription. It is empty for silence."""
    body = _body(_text(response), asked)
    if isinstance(body, Failure):
        return body
    if failure := reported(body, asked, response.headers):
        return failure
    if not isinstance(body.get("text"), str):
        return _without("text", asked, "audio transcription")
    return Completion(sound(body["text"]), "", *_tokens(body, "input_tokens", "output_tokens"))


def _text(response: Response) -> str:
    _, _, charset = response.headers.get("content-type", "").partition("charset=")
    return decoded(response.data, charset.partition(";")[0].strip("\"' "))


def _body(text: str, asked: Asked) -> dict[str, Any] | Failure:
    body = read_json(text)
    if body is None and text.strip() != "null":
        return _not_json(text, asked)
    if isinstance(body, list) and len(body) == 1:  # the form of Google
        body = body[0]
    return body if isinstance(body, dict) else {}


def _without(what: str, asked: Asked, interface: str) -> Failure:
    return Failure(
        ModelFailed,
        f"{asked.place} answered without {what}",
        f"try again; otherwise check the base URL, and that the server supports {interface}",
    )


def _tokens(body: Mapping[str, Any], sent: str, received: str) -> tuple[int | None, int | None]:
    usage = body.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    return _count(usage.get(sent)), _count(usage.get(received))


def _count(value: object) -> int | None:
    """Return a number of tokens, or None if the value is not one."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53 else None


def _not_json(text: str, asked: Asked) -> Failure:
    if text.lstrip().startswith("<"):
        return Failure(
            ModelFailed,
            f"{asked.place} answered with a web page instead of JSON",
            "check the base URL (OPENAI_BASE_URL): it usually ends in /v1",
        )
    message = f"the answer of {asked.place} is cut off or not JSON"
    return Failure(ModelFailed, message, "try again later", again=True)


def _first_choice(body: Mapping[str, Any], asked: Asked) -> Completion | Failure:
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        without = _without("choices", asked, "Chat Completions")
        return without._replace(again="choices" in body, once=True)
    choice = choices[0]
    message = choice.get("message")
    message = message if isinstance(message, dict) else {"content": choice.get("text")}
    content = _spoken(message.get("content"))
    model = shortened(sound(str(body.get("model") or "")))
    if failure := _declined(message, choice.get("finish_reason")):
        return failure
    thought = _spoken(message.get("reasoning_content")) or _spoken(message.get("reasoning"))
    if choice.get("finish_reason") in ("length", "max_tokens", "model_length"):
        return _cut(content, thought, model or asked.model)
    if content.strip():
        return Completion(sound(content), model)
    if thought.strip() and not message.get("tool_calls"):
        return Completion(sound(thought), model, remarks=(_THOUGHT,))
    return _silent(message, asked)


def _spoken(content: object) -> str:
    """Return the text of a message without its reasoning. Some servers send it in parts."""
    if isinstance(content, str):
        return content
    parts = [content] if isinstance(content, dict) else content
    return "".join(map(_part_text, parts)) if isinstance(parts, list) else ""


_SPOKEN_PARTS = ("text", "output_text", None)


def _part_text(part: object) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict) or part.get("type") not in _SPOKEN_PARTS:
        return ""
    text = part.get("text")
    text = text.get("value") if isinstance(text, dict) else text
    return text if isinstance(text, str) else ""


def _declined(message: Mapping[str, Any], reason: object) -> Failure | None:
    """Return the failure if the model declined to answer, else None."""
    refusal = message.get("refusal")
    content = message.get("content")
    for part in content if isinstance(content, list) else ():
        if isinstance(part, dict) and part.get("type") == "refusal":
            refusal = part.get("refusal") or part.get("text") or "refusal"
    if not refusal and reason not in ("content_filter", "safety", "refusal"):
        return None
    why = f": {shortened(sound(str(refusal)))}" if refusal else " (content filter)"
    return Failure(ModelRefused, f"the model declined to answer{why}", "reword the instruction")


def _cut(content: str, thought: str, model: str) -> Failure:
    if not content.strip() and thought.strip():
        return Failure(
            AnswerCut,
            f"{model} used all its tokens for reasoning and gave no answer",
            "raise the option `max_tokens`, lower `reasoning_effort`, or use a model that reasons less",
        )
    return Failure(
        AnswerCut,
        f"the answer of {model} was cut at its length limit",
        "raise the option `max_tokens` or the server's limit on tokens, or use a model that reasons less",
        cut=sound(content),
    )


def _silent(message: Mapping[str, Any], asked: Asked) -> Failure:
    if message.get("tool_calls") or message.get("function_call"):
        what = f"{asked.place} answered with a tool call instead of text"
    else:
        what = f"{asked.place} answered without text"
    help_ = "try again, or use another model (OPENAI_MODEL)"
    return Failure(ModelFailed, what, help_, again=True, once=True)


def sound(text: str) -> str:
    """Replace lone surrogates, which cannot be sent or written to a file."""
    return text.encode("utf-8", "replace").decode("utf-8")


def hidden(outcome: Outcome | Failure, secrets: Secrets) -> Outcome | Failure:
    """Hide secrets that a server repeats in its answer."""
    if isinstance(outcome, Painting):
        return outcome
    if isinstance(outcome, Failure):
        message, said = secrets.hide_pieces(outcome.message), secrets.hide_pieces(outcome.said)
        return outcome._replace(message=message, said=said, cut=secrets.hide(outcome.cut))
    return outcome._replace(text=secrets.hide(outcome.text), model=secrets.hide(outcome.model))
