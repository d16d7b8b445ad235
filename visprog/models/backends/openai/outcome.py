"""Finds the answer in the body of a response: text, a picture, or why there is neither."""

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
    """A successful response: the whole body, and the headers by their names in lower case."""

    data: bytes
    headers: Mapping[str, str]


class Painting(NamedTuple):
    """A picture that a model painted, as the bytes of its file, and what it cost in tokens where known."""

    data: bytes
    input_tokens: int | None = None
    output_tokens: int | None = None


Outcome = TypeVar("Outcome", Completion, Painting)
"""What an attempt that succeeds comes to."""

_THOUGHT = "The server put the whole answer into its field for thoughts; it was read from there."


def read_completion(response: Response, asked: Asked) -> Completion | Failure:
    """Find the answer in the body of a successful response of Chat Completions."""
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
    """Find the picture in the body of a successful response of image editing."""
    body = _body(_text(response), asked)
    if isinstance(body, Failure):
        return body
    if failure := reported(body, asked, response.headers):
        return failure
    pictures = body.get("data")
    first = pictures[0] if isinstance(pictures, list) and pictures else None
    encoded = first.get("b64_json") if isinstance(first, dict) else None
    if not isinstance(encoded, str) or not encoded:
        return _without("a picture", asked, "image editing, or returns addresses of pictures")
    try:
        data = base64.b64decode(encoded, validate=True)
    except ValueError:
        return Failure(
            ModelFailed, f"the picture from {asked.place} is not Base64", "try again later", again=True
        )
    return Painting(data, *_tokens(body, "input_tokens", "output_tokens"))


def read_transcription(response: Response, asked: Asked) -> Completion | Failure:
    """Find the text in the body of a successful response of transcription; silence has none."""
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
    if isinstance(body, list) and len(body) == 1:  # as Google reports errors
        body = body[0]
    return body if isinstance(body, dict) else {}


def _without(what: str, asked: Asked, speech: str) -> Failure:
    return Failure(
        ModelFailed,
        f"{asked.place} answered without {what}",
        f"try again; if it stays so, the server does not speak {speech}, or not at this base URL",
    )


def _tokens(body: Mapping[str, Any], sent: str, received: str) -> tuple[int | None, int | None]:
    usage = body.get("usage")
    usage = usage if isinstance(usage, dict) else {}
    return _count(usage.get(sent)), _count(usage.get(received))


def _count(value: object) -> int | None:
    """Return a number of tokens; None for what cannot be one."""
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
    """Return the text of a message, which some servers send in parts; thoughts are not part of it."""
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
    """Return the failure of a model that does not want to answer; None for one that does."""
    refusal = message.get("refusal")
    content = message.get("content")
    for part in content if isinstance(content, list) else ():
        if isinstance(part, dict) and part.get("type") == "refusal":
            refusal = part.get("refusal") or part.get("text") or "refusal"
    if not refusal and reason not in ("content_filter", "safety", "refusal"):
        return None
    why = f": {shortened(sound(str(refusal)))}" if refusal else " (content filter)"
    return Failure(ModelRefused, f"the model declined to answer{why}", "change the instruction's words")


def _cut(content: str, thought: str, model: str) -> Failure:
    if not content.strip() and thought.strip():
        return Failure(
            AnswerCut,
            f"{model} used all of its tokens for thinking and gave no answer",
            "raise the option `max_tokens`, lower `reasoning_effort`, or use a model that thinks less",
        )
    return Failure(
        AnswerCut,
        f"the answer of {model} was cut at its length limit",
        "raise the option `max_tokens` or the server's limit on output tokens, or use a model that thinks "
        "less before it answers",
        cut=sound(content),
    )


def _silent(message: Mapping[str, Any], asked: Asked) -> Failure:
    if message.get("tool_calls") or message.get("function_call"):
        what = f"{asked.place} answered with a call of a tool instead of text"
    else:
        what = f"{asked.place} answered without text"
    help_ = "try again, or use another model (OPENAI_MODEL)"
    return Failure(ModelFailed, what, help_, again=True, once=True)


def sound(text: str) -> str:
    """Replace lone surrogates, which can be neither sent nor written to a file."""
    return text.encode("utf-8", "replace").decode("utf-8")


def hidden(outcome: Outcome | Failure, secrets: Secrets) -> Outcome | Failure:
    """Hide secrets that a server repeats."""
    if isinstance(outcome, Painting):
        return outcome
    if isinstance(outcome, Failure):
        message, said = secrets.hide_pieces(outcome.message), secrets.hide_pieces(outcome.said)
        return outcome._replace(message=message, said=said, cut=secrets.hide(outcome.cut))
    return outcome._replace(text=secrets.hide(outcome.text), model=secrets.hide(outcome.model))
