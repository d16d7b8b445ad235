"""An instruction can be spoken: the role Transcriber turns it into text."""

from __future__ import annotations

import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from visprog import AudioError, Image, ModelUnavailable, VisProg, save_image
from visprog.cli import app
from visprog.models.fake import FakeTranscriber


def record(path: Path, samples: NDArray[np.float32]) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", "not compressed"))
        file.writeframes((samples * 32767).astype("<i2").tobytes())
    return path


def test_a_recording_is_transcribed_at_16_khz_and_its_text_stripped(tmp_path: Path) -> None:
    heard: list[int] = []

    def transcribe(samples: NDArray[np.float32]) -> str:
        heard.append(len(samples))
        return " Blur the background. "

    transcriber = FakeTranscriber(transcribe)
    speech = record(tmp_path / "speech.wav", np.full(8_000, 0.25, np.float32))
    assert VisProg(models={"transcriber": transcriber}).transcribe(speech) == "Blur the background."
    assert heard == [8_000]
    assert transcriber.calls == 1


def test_a_recording_without_speech_is_an_error(tmp_path: Path) -> None:
    speech = record(tmp_path / "speech.wav", np.zeros(800, np.float32))
    with pytest.raises(AudioError, match=r"no words were heard in .*speech\.wav"):
        VisProg(models={"transcriber": FakeTranscriber("  ")}).transcribe(speech)


def test_without_a_transcriber_the_error_names_the_role(tmp_path: Path) -> None:
    speech = record(tmp_path / "speech.wav", np.zeros(800, np.float32))
    with pytest.raises(ModelUnavailable, match="role transcriber"):
        VisProg().transcribe(speech)


def test_the_command_transcribes_the_instruction_with_whisper_and_runs(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("transformers")
    from tests.models.tiny_checkpoints import speech_models

    folder = speech_models.taught_whisper(tmp_path / "whisper")
    sound = speech_models.tone(speech_models.SOUNDS["high"], 1.5, np.random.default_rng(3))
    speech, program = record(tmp_path / "speech.wav", sound), tmp_path / "program.vp"
    program.write_text("OBJ=FaceDet(image=IMAGE)\nRESULT=Count(object=OBJ)\n")
    picture = tmp_path / "picture.png"
    save_image(Image(np.zeros((40, 60, 3), np.uint8)), picture)
    done = CliRunner().invoke(
        app,
        ["run", "--speech", str(speech), "--program", str(program), str(picture), "--device", "cpu",
         "--model", f"transcriber=transformers:{folder}"],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "heard: high" in done.stderr
    assert done.stdout.strip() == "0"
