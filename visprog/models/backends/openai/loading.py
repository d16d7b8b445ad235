"""Creates models of OpenAI-compatible servers.

The environment variables OPENAI_API_KEY, OPENAI_BASE_URL and OPENAI_MODEL are the defaults for the key, the
address and the model for text and pictures. OPENAI_API_KEY is sent only to OpenAI and to the server of
OPENAI_BASE_URL. For another `base_url`, `api_key_env` names the variable with its key. A local server needs
an address but no key.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

from visprog.models.backends.openai.service import Service

_PACKAGE = __name__.rpartition(".")[0]

_CHAT = ("max_tokens", "temperature", "reasoning_effort")
"""Options that become fields of a request of Chat Completions."""

_SERVICE = ("base_url", "api_key_env", "deadline", "max_bytes")
"""Options of the service."""

_CLASSES = {
    "language_model": ("language", "OpenAILanguageModel"),
    "visual_qa": ("vision", "OpenAIVision"),
    "captioner": ("vision", "OpenAIVision"),
    "image_text_scorer": ("vision", "OpenAIVision"),
    "detector": ("vision", "OpenAIVision"),
    "inpainter": ("editing", "OpenAIInpainter"),
    "transcriber": ("speech", "OpenAITranscriber"),
}
"""For each role: the module, which also has the default deadline, and the class."""


def load(role: str, identifier: str, options: Mapping[str, Any]) -> Any:
    """Return a model. An empty identifier gives the default. The backend's record has checked the options."""
    file, name = _CLASSES[role]
    module = importlib.import_module(f"{_PACKAGE}.{file}")
    connected = {option: options[option] for option in _SERVICE if option in options}
    fields = {option: options[option] for option in _CHAT if option in options}
    given = {option: value for option, value in options.items() if option not in (*_SERVICE, *_CHAT)}
    if fields:
        given["parameters"] = {**fields, **given.get("parameters", {})}
    service = Service(**{"deadline": module.DEADLINE, **connected})
    return getattr(module, name)(identifier or None, service=service, **given)
