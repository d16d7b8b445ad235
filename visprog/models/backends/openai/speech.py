"""Speech to text behind an OpenAI-compatible API."""

from __future__ import annotations

import io
import wave
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visprog.errors import UsageError
from visprog.model_text import clean_reply
from visprog.models.backends.openai.service import MAX_BYTES, Service, extra_fields

DEFAULT_SPEECH_MODEL = "gpt-transcribe"
"""OpenAI's model for recordings."""

_RATE = 16_000
_LONGEST = 780
"""Seconds. Services take files of 25 MB, which are 13 minutes at 16 bits a sample."""


class OpenAITranscriber:
    """Writes down what is said by the service's endpoint for transcriptions.

    `deadline` is the longest that a call may take, in seconds, and `parameters` are further fields of the
    request, such as `language`. Raises ModelUnavailable where there is neither a key nor a base URL.
    """

    def __init__(
        self,
        model: str | None = None,
        *,
        base_url: str | None = None,
        key: str | None = None,
        api_key_env: str | None = None,
        deadline: float = 120.0,
        max_bytes: int = MAX_BYTES,
        parameters: Mapping[str, Any] | None = None,
        server: Service | None = None,
    ) -> None:
        self.model = model or DEFAULT_SPEECH_MODEL
        self._server = server or Service(
            base_url=base_url, key=key, api_key_env=api_key_env, deadline=deadline, max_bytes=max_bytes
        )
        self._extra = extra_fields(parameters)
        self.fingerprint = self._server.fingerprint(self.model, parameters=parameters)

    def transcribe(self, samples: NDArray[np.float32]) -> str:
        """Return what is said. `samples` is mono at 16 kHz, shape (samples,), between -1 and 1.

        Raises ModelRefused, ModelTimeout or ModelFailed; UsageError for a recording that is too long.
        """
        seconds = len(samples) / _RATE
        if seconds > _LONGEST:
            raise UsageError(
                f"the recording lasts {seconds / 60:.1f} minutes, at most {_LONGEST // 60} can be sent",
                help="cut it, or use a model on this machine",
            )
        speech = ("speech.wav", _wave_file(samples), "audio/wav")
        fields = {"model": self.model, "file": speech, "response_format": "json"}
        return clean_reply(self._server.transcribe({**fields, **self._extra}).text)

    def __repr__(self) -> str:
        return f"OpenAITranscriber({self.fingerprint!r})"


def _wave_file(samples: NDArray[np.float32]) -> bytes:
    """Write 16-bit PCM."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        file.writeframes((np.clip(samples, -1.0, 1.0) * 32767).round().astype("<i2").tobytes())
    return buffer.getvalue()
