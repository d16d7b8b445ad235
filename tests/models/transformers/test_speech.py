"""Whisper writes the same text as the library's pipeline, for short and long recordings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

pytest.importorskip("torch")
pytest.importorskip("transformers")

import transformers

from tests.models.tiny_checkpoints import language_models, speech_models
from visprog.errors import ModelUnavailable, UsageError
from visprog.models.backends.transformers import BACKEND
from visprog.models.backends.transformers.speech import WhisperTranscriber
from visprog.models.zoo import Zoo

load = BACKEND.load


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return speech_models.whisper(tmp_path_factory.mktemp("whisper"))


def whisper(folder: Path, **options: Any) -> WhisperTranscriber:
    model = load("transcriber", str(folder), {"device": "cpu", **options})
    assert isinstance(model, WhisperTranscriber)
    return model


def sound(seconds: float, seed: int = 0) -> NDArray[np.float32]:
    """Tones that change four times a second, with a little noise."""
    random = np.random.default_rng(seed)
    count = int(seconds * 16_000)
    pitch = np.repeat(random.uniform(0.02, 0.5, count // 4000 + 1), 4000)[:count]
    samples = 0.5 * np.sin(np.cumsum(pitch)) + random.normal(0, 0.02, count)
    return samples.clip(-1, 1).astype(np.float32)


@pytest.mark.parametrize("seconds", [0.1, 2, 29.9, 30.1, 70])
def test_the_text_is_that_of_the_library_s_pipeline(folder: Path, seconds: float) -> None:
    pipe = transformers.pipeline("automatic-speech-recognition", model=str(folder), device="cpu")
    timed = {"return_timestamps": True} if seconds > 30 else {}
    heard = pipe(
        {"raw": sound(seconds), "sampling_rate": 16_000},
        generate_kwargs={"task": "transcribe", "do_sample": False},
        **timed,
    )
    assert whisper(folder).transcribe(sound(seconds)) == heard["text"].strip()


def test_sounds_get_the_texts_of_the_training(tmp_path: Path) -> None:
    model = whisper(speech_models.taught_whisper(tmp_path))
    random = np.random.default_rng(9)
    for word, pitch in speech_models.SOUNDS.items():
        heard = [model.transcribe(speech_models.tone(pitch, seconds, random)) for seconds in (1.0, 1.5)]
        assert heard == [word] * 2


def test_sound_after_the_first_window_is_transcribed(folder: Path) -> None:
    model = whisper(folder)
    long = [np.concatenate([sound(29), sound(30, seed)]) for seed in range(1, 5)]
    assert len({model.transcribe(samples) for samples in long}) > 1


def test_silence_gives_an_empty_text(folder: Path) -> None:
    assert whisper(folder).transcribe(np.zeros(16_000, np.float32)) == ""
    assert whisper(folder).transcribe(np.zeros(0, np.float32)) == ""


def test_the_language_can_be_named(folder: Path) -> None:
    texts = {
        whisper(folder, language=name).transcribe(sound(3, seed))
        for name in ("en", "german")
        for seed in range(4)
    }
    assert len(texts) > 1
    with pytest.raises(UsageError, match=r"`language` of .* must be a language's name"):
        whisper(folder, language=3)


def test_an_unknown_language_is_rejected_when_the_model_is_loaded(folder: Path) -> None:
    with pytest.raises(UsageError, match="does not know the language `klingon`") as caught:
        whisper(folder, language="klingon")
    assert "en" in (caught.value.help or "")


def test_another_architecture_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(ModelUnavailable, match="is a llama model"):
        whisper(language_models.random_causal(tmp_path))


def test_a_profile_can_load_it(folder: Path) -> None:
    model = Zoo(models={"transcriber": f"transformers:{folder}"}).get("transcriber")
    assert isinstance(model, WhisperTranscriber)
    assert model.fingerprint.startswith(f"transformers:{folder}")
    assert model.nbytes > 10_000


def test_the_library_prints_nothing(folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    model = whisper(folder)
    model.transcribe(sound(1))
    model.transcribe(sound(31))
    assert capfd.readouterr() == ("", "")
