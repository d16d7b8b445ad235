"""Creates models of OpenAI-compatible servers: the class for each role, and its options.

The environment variables OPENAI_API_KEY, OPENAI_BASE_URL and OPENAI_MODEL are the defaults for the key, the
address and the model for text and pictures. OPENAI_API_KEY is sent only to OpenAI and to the server of
OPENAI_BASE_URL. For another `base_url`, `api_key_env` names the variable with its key. A local server needs
an address but no key.
"""

from __future__ import annotations

import importlib
import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from visprog.errors import ModelUnavailable, UsageError
from visprog.models.backends.openai.service import Service

_PACKAGE = __name__.rpartition(".")[0]

_CHAT = ("max_tokens", "temperature", "reasoning_effort")
"""Options that become fields of a request of Chat Completions."""

_VISION = ("vision", "OpenAIVision", (*_CHAT, "longest_side", "coordinates", "structured"))

_CLASSES: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "language_model": ("language", "OpenAILanguageModel", _CHAT),
    "visual_qa": _VISION,
    "captioner": _VISION,
    "image_text_scorer": _VISION,
    "detector": _VISION,
    "inpainter": ("editing", "OpenAIInpainter", ("side",)),
    "transcriber": ("speech", "OpenAITranscriber", ()),
}
"""For each role: the module, the class, and the class's own options."""

_SERVICE = ("base_url", "api_key_env", "deadline", "max_bytes")
"""Options of the service. All classes have them."""

_COMMON = (*_SERVICE, "parameters")


def load(role: str, identifier: str, options: Mapping[str, Any]) -> Any:
    """Return a model. An empty identifier gives the default model.

    Raises UsageError for an unknown option or a wrong value, and ModelUnavailable for a role without a class.
    """
    if role not in _CLASSES:
        raise ModelUnavailable(
            f"the backend openai does not fill the role {role}", help=f"it fills {', '.join(_CLASSES)}"
        )
    module, name, own = _CLASSES[role]
    for option, value in options.items():
        _check_option(option, value, (*_COMMON, *own))
    file = importlib.import_module(f"{_PACKAGE}.{module}")
    connected = {option: options[option] for option in _SERVICE if option in options}
    fields = {option: options[option] for option in _CHAT if option in options}
    given = {option: value for option, value in options.items() if option not in (*_SERVICE, *_CHAT)}
    if fields:
        given["parameters"] = {**fields, **given.get("parameters", {})}
    service = Service(**{"deadline": file.DEADLINE, **connected})
    return getattr(file, name)(identifier or None, service=service, **given)


def _check_option(name: str, value: object, allowed: Sequence[str]) -> None:
    if name not in allowed:
        raise UsageError(
            f"the backend openai has no option `{name}`", help=f"its options are {', '.join(allowed)}"
        )
    if not _OPTIONS[name][0](value):
        shown = "not that" if name == "api_key_env" else repr(value)  # the value may be the key itself
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
    "deadline": (_is_number(0.001, 1e6), "the maximum number of seconds for a request"),
    "max_bytes": (_is_whole(1000), "the maximum number of bytes of an answer, at least 1000"),
    "parameters": (lambda value: isinstance(value, dict), "a table of more fields of the request"),
    "max_tokens": (_is_whole(1), "the maximum number of tokens of an answer"),
    "temperature": (_is_number(0, 10), "a number, 0 or more"),
    "reasoning_effort": (
        lambda value: isinstance(value, str) and bool(value.strip()),
        'a value that the service knows, such as "low"',
    ),
    "longest_side": (_is_whole(64), "a number of pixels, at least 64"),
    "coordinates": (lambda value: value in ("thousandths", "pixels"), '"thousandths" or "pixels"'),
    "structured": (lambda value: isinstance(value, bool), "true or false"),
    "side": (_is_whole(64), "a number of pixels, at least 64"),
}
"""For each option: a check of its value, and the description of a right value."""
