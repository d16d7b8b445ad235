"""Models behind an OpenAI-compatible API, in the cloud or on this machine.

The key is read from OPENAI_API_KEY, the address from OPENAI_BASE_URL, the name of the model for text and
pictures from OPENAI_MODEL, where the caller does not give them. A server of one's own needs an address and
no key.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from visprog.errors import ModelUnavailable, UsageError
from visprog.model_text import spoken
from visprog.models.openai_outcome import sound
from visprog.models.openai_service import Service, extra_fields, variable
from visprog.models.roles import Completion, Message

DEFAULT_MODEL = "gpt-6.1-terra"
"""OpenAI's balanced model, for text and pictures; its service's documentation lists the others."""

_VISION = ("visprog.models.openai_vision", "OpenAIVision", ("longest_side", "coordinates", "structured"))

_FILLED: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "language_model": ("visprog.models.openai", "OpenAILanguageModel", ()),
    "visual_qa": _VISION,
    "captioner": _VISION,
    "image_text_scorer": _VISION,
    "detector": _VISION,
    "inpainter": ("visprog.models.openai_editing", "OpenAIInpainter", ("side",)),
    "transcriber": ("visprog.models.openai_speech", "OpenAITranscriber", ()),
}
"""For each role the module, the class, and its options beyond those that all have."""

_COMMON = ("base_url", "deadline", "parameters")


def is_configured() -> bool:
    """Whether the environment names a key or a server, so that a request can be tried."""
    return bool(variable("OPENAI_API_KEY") or variable("OPENAI_BASE_URL"))


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
    return getattr(importlib.import_module(module), name)(identifier or None, **options)


def _check_option(name: str, value: object, allowed: Sequence[str]) -> None:
    if name not in allowed:
        raise UsageError(
            f"the backend openai has no option `{name}`", help=f"its options are {', '.join(allowed)}"
        )
    if not _OPTIONS[name][0](value):
        raise UsageError(
            f"the option `{name}` of the backend openai is {value!r}", help=f"give {_OPTIONS[name][1]}"
        )


def _is_duration(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _is_side(value: object) -> bool:
    return isinstance(value, int) and value >= 64


_OPTIONS: dict[str, tuple[Callable[[Any], bool], str]] = {
    "base_url": (lambda value: isinstance(value, str), 'the address of a server, such as "http://host/v1"'),
    "deadline": (_is_duration, "the seconds that a request may take"),
    "parameters": (lambda value: isinstance(value, dict), "a table of further fields of the request"),
    "longest_side": (_is_side, "a number of pixels, 64 at least"),
    "coordinates": (lambda value: value in ("thousandths", "pixels"), '"thousandths" or "pixels"'),
    "structured": (lambda value: isinstance(value, bool), "true or false"),
    "side": (_is_side, "a number of pixels, 64 at least"),
}
"""What each option must be, and how to say so."""


class OpenAILanguageModel:
    """A language model behind Chat Completions.

    `deadline` is the longest that a call may take, in seconds, retries and pauses included. `parameters` are
    further fields of the request, as the service documents them. Raises ModelUnavailable where there is
    neither a key nor a base URL.
    """

    def __init__(
        self,
        model: str | None = None,
        *,
        base_url: str | None = None,
        key: str | None = None,
        deadline: float = 60.0,
        parameters: Mapping[str, Any] | None = None,
        server: Service | None = None,
    ) -> None:
        self.model = model or variable("OPENAI_MODEL") or DEFAULT_MODEL
        self._server = server or Service(base_url=base_url, key=key, deadline=deadline)
        self._extra = extra_fields(parameters)
        self.fingerprint = self._server.fingerprint(self.model, parameters=parameters)

    def complete(self, messages: Sequence[Message], *, temperature: float | None = None) -> Completion:
        """Return the next turn. `temperature` is left out where None, as models that reason refuse it.

        Raises ModelRefused, ModelTimeout or ModelFailed.
        """
        options = {} if temperature is None else {"temperature": temperature}
        turns = [{"role": role, "content": sound(content)} for role, content in messages]
        request = {"model": self.model, "messages": turns, **options, **self._extra}
        completion = self._server.complete(request)
        return completion._replace(text=spoken(completion.text) or completion.text)

    def __repr__(self) -> str:
        return f"OpenAILanguageModel({self.fingerprint!r})"
