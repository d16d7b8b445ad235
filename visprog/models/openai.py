"""Models behind an OpenAI-compatible API, in the cloud or on this machine.

The key is read from OPENAI_API_KEY, the address from OPENAI_BASE_URL, the name of the model for text and
pictures from OPENAI_MODEL, unless the caller gives them. OPENAI_API_KEY goes only to OpenAI and to the server
of OPENAI_BASE_URL; for another `base_url`, `api_key_env` names the variable that holds its key. A server of
your own needs an address and no key.
"""

from __future__ import annotations

import importlib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from visprog.errors import ModelUnavailable, UsageError
from visprog.model_text import spoken
from visprog.models.openai_outcome import sound
from visprog.models.openai_service import MAX_BYTES, Service, extra_fields, variable
from visprog.models.roles import Completion, Message

DEFAULT_MODEL = "gpt-6.1-terra"
"""OpenAI's balanced model, for text and pictures; its service's documentation lists the others."""

_CHAT = ("max_tokens", "temperature", "reasoning_effort")
"""Options that are fields of a request of Chat Completions."""

_VISION = (
    "visprog.models.openai_vision",
    "OpenAIVision",
    (*_CHAT, "longest_side", "coordinates", "structured"),
)

_FILLED: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "language_model": ("visprog.models.openai", "OpenAILanguageModel", _CHAT),
    "visual_qa": _VISION,
    "captioner": _VISION,
    "image_text_scorer": _VISION,
    "detector": _VISION,
    "inpainter": ("visprog.models.openai_editing", "OpenAIInpainter", ("side",)),
    "transcriber": ("visprog.models.openai_speech", "OpenAITranscriber", ()),
}
"""For each role the module, the class, and its options beyond those that all have."""

_COMMON = ("base_url", "api_key_env", "deadline", "max_bytes", "parameters")


def is_configured(options: Mapping[str, Any] | None = None) -> bool:
    """Whether the environment, or a model's own options, name a key or a server to ask."""
    named = bool(options and (options.get("base_url") or variable(str(options.get("api_key_env", "")))))
    return named or bool(variable("OPENAI_API_KEY") or variable("OPENAI_BASE_URL"))


def load(role: str, identifier: str, options: Mapping[str, Any]) -> Any:
    """Return the model that a profile names; the identifier may be empty for the usual one.

    Raises UsageError for an option that it does not take, and ModelUnavailable for a role that it does not
    fill.
    """
    if role not in _FILLED:
        raise ModelUnavailable(
            f"the backend openai does not fill the role {role}", help=f"it fills {', '.join(_FILLED)}"
        )
    module, name, own = _FILLED[role]
    for option, value in options.items():
        _check_option(option, value, (*_COMMON, *own))
    given = {option: value for option, value in options.items() if option not in _CHAT}
    fields = {option: options[option] for option in _CHAT if option in options}
    if fields:
        given["parameters"] = {**fields, **given.get("parameters", {})}
    return getattr(importlib.import_module(module), name)(identifier or None, **given)


def load_language_model(identifier: str, options: Mapping[str, Any]) -> OpenAILanguageModel:
    """Return the language model that a planner asks. Raises as `load` does."""
    model: OpenAILanguageModel = load("language_model", identifier, options)
    return model


def _check_option(name: str, value: object, allowed: Sequence[str]) -> None:
    if name not in allowed:
        raise UsageError(
            f"the backend openai has no option `{name}`", help=f"its options are {', '.join(allowed)}"
        )
    if not _OPTIONS[name][0](value):
        shown = "not that" if name == "api_key_env" else repr(value)  # it may be the key itself
        raise UsageError(
            f"the option `{name}` of the backend openai is {shown}", help=f"give {_OPTIONS[name][1]}"
        )


def _is_number(least: float, most: float) -> Callable[[Any], bool]:
    def check(value: object) -> bool:
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return math.isfinite(value) and least <= value <= most

    return check


def _is_whole(least: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_variable(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[A-Z_][A-Z0-9_]*", value) is not None


_OPTIONS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "base_url": (lambda value: isinstance(value, str), 'the address of a server, such as "http://host/v1"'),
    "api_key_env": (
        _is_variable,
        "the name of an environment variable that holds the key, such as MY_SERVER_KEY, and never the key",
    ),
    "deadline": (_is_number(0.001, 1e6), "the seconds that a request may take"),
    "max_bytes": (_is_whole(1000), "the number of bytes that an answer may have, 1000 at least"),
    "parameters": (lambda value: isinstance(value, dict), "a table of further fields of the request"),
    "max_tokens": (_is_whole(1), "the number of tokens that an answer may have"),
    "temperature": (_is_number(0, 10), "a number, 0 or more"),
    "reasoning_effort": (
        lambda value: isinstance(value, str) and bool(value.strip()),
        'a word that the service knows, such as "low"',
    ),
    "longest_side": (_is_whole(64), "a number of pixels, 64 at least"),
    "coordinates": (lambda value: value in ("thousandths", "pixels"), '"thousandths" or "pixels"'),
    "structured": (lambda value: isinstance(value, bool), "true or false"),
    "side": (_is_whole(64), "a number of pixels, 64 at least"),
}
"""What each option must be, and how to say so."""


class OpenAILanguageModel:
    """A language model behind Chat Completions.

    `deadline` is the longest that a call may take, in seconds, retries and pauses included. `max_bytes`
    bounds an answer. `parameters` are further fields of the request, as the service documents them, such as
    `max_tokens`. `api_key_env` names the variable that holds the key for `base_url`. Raises ModelUnavailable
    if there is neither a key nor a base URL.
    """

    def __init__(
        self,
        model: str | None = None,
        *,
        base_url: str | None = None,
        key: str | None = None,
        api_key_env: str | None = None,
        deadline: float = 60.0,
        max_bytes: int = MAX_BYTES,
        parameters: Mapping[str, Any] | None = None,
        server: Service | None = None,
    ) -> None:
        self.model = model or variable("OPENAI_MODEL") or DEFAULT_MODEL
        self._server = server or Service(
            base_url=base_url, key=key, api_key_env=api_key_env, deadline=deadline, max_bytes=max_bytes
        )
        self._parameters = dict(parameters or {})
        self.fingerprint = self._server.fingerprint(self.model, parameters=parameters)

    def complete(self, messages: Sequence[Message], *, temperature: float | None = None) -> Completion:
        """Return the next turn. `temperature` is left out if None, as models that reason reject it.

        Raises ModelRefused, ModelTimeout or ModelFailed; AnswerCut with what there is of a cut answer.
        """
        turns = [{"role": role, "content": sound(content)} for role, content in messages]
        parameters = dict(self._parameters)
        if temperature is not None:
            parameters["temperature"] = temperature
        request = {"model": self.model, "messages": turns, **extra_fields(parameters)}
        completion = self._server.complete(request)
        return completion._replace(text=spoken(completion.text) or completion.text)

    def __repr__(self) -> str:
        return f"OpenAILanguageModel({self.fingerprint!r})"
