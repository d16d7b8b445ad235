"""Models behind an OpenAI-compatible API, in the cloud or on this machine.

The key is read from OPENAI_API_KEY, the address from OPENAI_BASE_URL, the model's name from OPENAI_MODEL,
where the caller does not give them. A server of one's own needs an address and no key.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from visprog.errors import ModelUnavailable, UsageError
from visprog.models.chat_completions import ChatCompletions, variable
from visprog.models.chat_outcome import sound
from visprog.models.roles import Completion, Message

DEFAULT_MODEL = "gpt-6.1-terra"
"""OpenAI's balanced model; https://developers.openai.com/api/docs/models lists the others."""


def is_configured() -> bool:
    """Whether the environment names a key or a server, so that a request can be tried."""
    return bool(variable("OPENAI_API_KEY") or variable("OPENAI_BASE_URL"))


def load(role: str, identifier: str, options: Mapping[str, Any]) -> OpenAILanguageModel:
    """Return the model that a profile names; `options` may hold `base_url` and `deadline`.

    Raises UsageError for other options, and ModelUnavailable for a role that it does not fill.
    """
    if role != "language_model":
        raise ModelUnavailable(
            f"the backend openai does not fill the role {role}", help="it fills language_model alone"
        )
    unknown = sorted(options.keys() - {"base_url", "deadline"})
    if unknown:
        raise UsageError(
            f"the backend openai has no option `{unknown[0]}`", help="its options are base_url and deadline"
        )
    return OpenAILanguageModel(identifier or None, **options)


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
        self.model = model or variable("OPENAI_MODEL") or DEFAULT_MODEL
        self._server = server or ChatCompletions(base_url=base_url, key=key, deadline=deadline)
        self.fingerprint = f"openai:{self.model} at {self._server.place}"

    def complete(self, messages: Sequence[Message], *, temperature: float | None = None) -> Completion:
        """Return the next turn. `temperature` is left out where None, as models that reason refuse it.

        Raises ModelRefused, ModelTimeout or ModelFailed.
        """
        options = {} if temperature is None else {"temperature": temperature}
        turns = [{"role": role, "content": sound(content)} for role, content in messages]
        return self._server.complete({"model": self.model, "messages": turns, **options})

    def __repr__(self) -> str:
        return f"OpenAILanguageModel({self.fingerprint!r})"
