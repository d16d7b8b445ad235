"""A language model of an OpenAI-compatible server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from visprog.model_text import clean_reply
from visprog.models.backends.openai.configuration import variable
from visprog.models.backends.openai.outcome import sound
from visprog.models.backends.openai.service import Service, extra_fields
from visprog.models.roles import Completion, Message

DEFAULT_MODEL = "gpt-6.1-terra"
"""OpenAI's balanced model for text and pictures."""

DEADLINE = 60.0
"""Default deadline of a request, in seconds."""


class OpenAILanguageModel:
    """A LanguageModel that uses Chat Completions.

    `parameters` are more fields of the request, as the service documents them, such as `max_tokens`. Raises
    ModelUnavailable if there is no key and no base URL.
    """

    def __init__(
        self,
        model: str | None = None,
        *,
        service: Service | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> None:
        self.model = model or variable("OPENAI_MODEL") or DEFAULT_MODEL
        self._service = service or Service(deadline=DEADLINE)
        self._parameters = dict(parameters or {})
        self.fingerprint = self._service.fingerprint(self.model, parameters=parameters)

    def complete(self, messages: Sequence[Message], *, temperature: float | None = None) -> Completion:
        """Return the next turn. `temperature` is left out if None, as models that reason reject it.

        Raises ModelRefused, ModelTimeout or ModelFailed; AnswerCut with the text of a cut answer.
        """
        turns = [{"role": role, "content": sound(content)} for role, content in messages]
        parameters = dict(self._parameters)
        if temperature is not None:
            parameters["temperature"] = temperature
        request = {"model": self.model, "messages": turns, **extra_fields(parameters)}
        completion = self._service.complete(request)
        return completion._replace(text=clean_reply(completion.text) or completion.text)

    def __repr__(self) -> str:
        return f"OpenAILanguageModel({self.fingerprint!r})"
