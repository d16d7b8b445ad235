"""Speech to text with a model of an OpenAI-compatible server."""

from __future__ import annotations

import io
import wave
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from visprog.errors import UsageError
from visprog.model_text import clean_reply
from visprog.models.backends.openai.service import Service, extra_fields

DEFAULT_SPEECH_MODEL = "gpt-transcribe"
"""OpenAI's model for recordings."""

DEADLINE = 120.0
"""Default deadline of a request, in seconds."""

_RATE = 16_000
_LONGEST = 780
"""Maximum length in seconds. Services accept files of 25 MB, which are 13 minutes at 16 bits a sample."""


class OpenAITranscriber:
    """A Transcriber that uses the service's endpoint for transcriptions.

    `parameters` are more fields of the request, such as `language`. Raises ModelUnavailable if there is no
    key and no base URL.
    """

    def __init__(
        self,
        model: str | None = None,
        *,
        service: Service | None = None,
        parameters: Mapping[str, Any] | None = None,
    ) -> None:
        self.model = model or DEFAULT_SPEECH_MODEL
        self._service = service or Service(deadline=DEADLINE)
        self._extra = extra_fields(parameters)
        self.fingerprint = self._service.fingerprint(self.model, parameters=parameters)

    def transcribe(self, samples: NDArray[np.float32]) -> str:
        """Return the spoken text. `samples` is mono at 16 kHz, shape (samples,), between -1 and 1.

        Raises ModelRefused, ModelTimeout or ModelFailed, and UsageError for a recording that is too long.
        """
        seconds = len(samples) / _RATE
        if seconds > _LONGEST:
            raise UsageError(
                f"the recording lasts {seconds / 60:.1f} minutes, but the limit is {_LONGEST // 60}",
                help="shorten it, or use a model on this machine",
            )
        speech = ("speech.wav", _wave_file(samples), "audio/wav")
        fields = {"model": self.model, "file": speech, "response_format": "json"}
        return clean_reply(self._service.transcribe({**fields, **self._extra}).text)

    def __repr__(self) -> str:
        return f"OpenAITranscriber({self.fingerprint!r})"


def _wave_file(samples: NDArray[np.float32]) -> bytes:
    """Return a WAV file with 16-bit samples."""
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        file.writeframes((np.clip(samples, -1.0, 1.0) * 32767).round().astype("<i2").tobytes())
    return buffer.getvalue()
