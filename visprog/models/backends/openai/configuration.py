"""Settings of OpenAI-compatible servers in environment variables."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from visprog.models.fingerprints import short_hash


def variable(name: str) -> str:
    """Return an environment variable without surrounding white space; '' if it is not set."""
    return os.environ.get(name, "").strip()


def is_configured(options: Mapping[str, Any] | None = None) -> bool:
    """Return whether the environment or a model's options name a key or a server."""
    named = bool(options and (options.get("base_url") or variable(str(options.get("api_key_env", "")))))
    return named or bool(variable("OPENAI_API_KEY") or variable("OPENAI_BASE_URL"))


def environment_facts() -> list[str]:
    """Return the model and the server in the environment, for fingerprints. The address is hashed."""
    model, address = os.environ.get("OPENAI_MODEL", ""), os.environ.get("OPENAI_BASE_URL", "")
    return [
        *([f"OPENAI_MODEL={model}"] if model else []),
        *([f"at #{short_hash(address)}"] if address else []),
    ]
