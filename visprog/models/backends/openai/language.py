"""A language model behind an OpenAI-compatible API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from visprog.model_text import clean_reply
from visprog.models.backends.openai.configuration import variable
from visprog.models.backends.openai.outcome import sound
from visprog.models.backends.openai.service import MAX_BYTES, Service, extra_fields
from visprog.models.roles import Completion, Message

DEFAULT_MODEL = "gpt-6.1-terra"
"""OpenAI's balanced model, for text and pictures; its service's documentation lists the others."""


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
        return completion._replace(text=clean_reply(completion.text) or completion.text)

    def __repr__(self) -> str:
        return f"OpenAILanguageModel({self.fingerprint!r})"
