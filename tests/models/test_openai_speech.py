from __future__ import annotations

import io
import wave
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import numpy as np
import pytest

from tests.models.openai_server import OpenAIServer, status
from visprog.errors import ModelFailed, UsageError
from visprog.models.usage import Tokens, counting

Serve = Callable[..., OpenAIServer]
SPEECH = np.sin(np.arange(8_000) / 20).astype(np.float32)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture
def serve() -> Iterator[Serve]:
    with ExitStack() as stack:
        yield lambda *replies: stack.enter_context(OpenAIServer(*replies))


def test_speech_is_sent_as_a_wave_file_and_the_text_returned(serve: Serve) -> None:
    server = serve(status(200, {"text": " Tag the main characters. "}))
    model = server.transcriber(parameters={"language": "en"})
    assert model.transcribe(SPEECH) == "Tag the main characters."
    (request,) = server.received
    assert request.path == "/v1/audio/transcriptions"
    recording = request.body.pop("file")
    assert request.body == {"model": "small", "response_format": "json", "language": "en"}
    with wave.open(io.BytesIO(recording)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getnframes()) == (16_000, 1, 8_000)
        samples = np.frombuffer(file.readframes(8_000), dtype="<i2") / 32767
    np.testing.assert_allclose(samples, SPEECH, atol=1e-4)


def test_samples_beyond_the_range_are_clipped(serve: Serve) -> None:
    server = serve(status(200, {"text": "loud"}))
    server.transcriber().transcribe(np.array([-3.0, 3.0], dtype=np.float32))
    with wave.open(io.BytesIO(server.received[0].body["file"])) as file:
        assert list(np.frombuffer(file.readframes(2), dtype="<i2")) == [-32767, 32767]


def test_the_marks_of_whisper_are_removed(serve: Serve) -> None:
    said = "<|startoftranscript|><|en|><|transcribe|><|0.00|> Hide the face.<|2.40|><|endoftext|>"
    assert serve(status(200, {"text": said})).transcriber().transcribe(SPEECH) == "Hide the face."


def test_silence_is_an_empty_text(serve: Serve) -> None:
    assert serve(status(200, {"text": ""})).transcriber().transcribe(SPEECH) == ""


def test_tokens_are_counted_where_the_service_counts_them(serve: Serve) -> None:
    by_tokens = {"text": "a", "usage": {"type": "tokens", "input_tokens": 14, "output_tokens": 3}}
    by_time = {"text": "a", "usage": {"type": "duration", "seconds": 1}}
    model = serve(status(200, by_tokens), status(200, by_time)).transcriber()
    with counting() as usage:
        model.transcribe(SPEECH)
        model.transcribe(SPEECH)
    assert usage.tokens == Tokens(14, 3)


def test_an_answer_without_text_is_an_error(serve: Serve) -> None:
    with pytest.raises(ModelFailed, match=r"answered without text.*\n.*supports audio transcription"):
        serve(status(200, {"words": []})).transcriber().transcribe(SPEECH)


def test_a_recording_beyond_what_services_take_is_refused_before_it_is_sent(serve: Serve) -> None:
    server = serve(status(200, {"text": "a"}))
    with pytest.raises(UsageError, match=r"lasts 14\.0 minutes, but the limit is 13"):
        server.transcriber().transcribe(np.zeros(14 * 60 * 16_000, dtype=np.float32))
    assert server.received == []
