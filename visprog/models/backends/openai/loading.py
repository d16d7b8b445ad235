"""Loading the models of an OpenAI-compatible API: which class fills a role, and what its options are.

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

_PACKAGE = __name__.rpartition(".")[0]

_CHAT = ("max_tokens", "temperature", "reasoning_effort")
"""Options that are fields of a request of Chat Completions."""

_VISION = (
    "vision",
    "OpenAIVision",
    (*_CHAT, "longest_side", "coordinates", "structured"),
)

_FILLED: dict[str, tuple[str, str, tuple[str, ...]]] = {
    "language_model": ("language", "OpenAILanguageModel", _CHAT),
    "visual_qa": _VISION,
    "captioner": _VISION,
    "image_text_scorer": _VISION,
    "detector": _VISION,
    "inpainter": ("editing", "OpenAIInpainter", ("side",)),
    "transcriber": ("speech", "OpenAITranscriber", ()),
}
"""For each role the file here, the class, and its options beyond those that all have."""

_COMMON = ("base_url", "api_key_env", "deadline", "max_bytes", "parameters")


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
    return getattr(importlib.import_module(f"{_PACKAGE}.{module}"), name)(identifier or None, **given)


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
