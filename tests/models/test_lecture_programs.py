"""The lecture's three programs, word for word, by the command line, on tiny checkpoints."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import wave
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")
pytest.importorskip("diffusers")

from tests.models.diffusers.tiny_pipelines import stable_diffusion
from tests.models.tiny_checkpoints.answering_models import vilt
from tests.models.tiny_checkpoints.contrastive_models import clip
from tests.models.tiny_checkpoints.language_models import taught
from tests.models.tiny_checkpoints.speech_models import SOUNDS, taught_whisper, tone
from tests.models.tiny_checkpoints.tiny_detectors import save_owl
from tests.models.tiny_checkpoints.tiny_segmenters import save_maskformer
from visprog import load_image
from visprog.modules.knowledge.list import REQUEST

LESSON = {
    f"<|system|>{REQUEST}<|end|>"
    "<|user|>List at most 7: main characters on the TV show Big Bang Theory<|end|>"
    "<|assistant|>": "Penny\nHoward<|end|>"
}
EXAMPLES = Path(__file__).parents[2] / "examples"
ASTRONAUT, CAT = EXAMPLES / "images" / "astronaut.png", EXAMPLES / "images" / "chelsea.png"


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a custom profile with a line of TOML for each checkpoint."""
    folder = tmp_path_factory.mktemp("checkpoints")
    save_owl(folder / "owl")
    save_maskformer(folder / "maskformer", {"shortest_edge": 64, "longest_edge": 96})
    taught(LESSON, folder / "words", context=1024)
    clip(folder / "clip")
    vilt(folder / "vilt")
    _answering_numbers(folder / "vilt" / "config.json")
    stable_diffusion(folder / "painter")
    taught_whisper(folder / "ears")
    path = folder / "mine.toml"
    path.write_text(
        f"""
        [models]
        face_detector = "opencv:haar"
        detector = "transformers:{folder}/owl"
        segmenter = "transformers:{folder}/maskformer"
        image_text_scorer = "transformers:{folder}/clip"
        visual_qa = "transformers:{folder}/vilt"
        language_model = "transformers:{folder}/words"
        inpainter = {{model = "diffusers:{folder}/painter", steps = 2, side = 32}}
        transcriber = "transformers:{folder}/ears"
        """
    )
    return path


def _answering_numbers(config: Path) -> None:
    """Let every answer of a random model be a number, so that there is something to add up."""
    settings = json.loads(config.read_text())
    settings["id2label"] = {key: str(number) for number, key in enumerate(settings["id2label"])}
    settings["label2id"] = {label: int(key) for key, label in settings["id2label"].items()}
    config.write_text(json.dumps(settings))


def visprog(*words: str | Path) -> tuple[str, str]:
    command = [sys.executable, "-m", "visprog", *map(str, words)]
    one_thread = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300, env=one_thread)
    assert done.returncode == 0, done.stderr
    return done.stdout, done.stderr


def test_six_people_and_two_boats(profile: Path) -> None:
    program = EXAMPLES / "six_people_and_two_boats.vp"
    out, _ = visprog("exec", program, ASTRONAUT, CAT, "--models", profile, "--json")
    record = json.loads(out)
    asked = [step for step in record["steps"] if step["tool"] == "Vqa"]
    assert len(asked) == 4
    counts = {step["name"]: int(step["value"]["value"]) for step in asked}
    people, boats = counts["ANSWER0"] + counts["ANSWER1"], counts["ANSWER2"] + counts["ANSWER3"]
    assert record["result"]["value"] is (people == 6 and boats == 2)
    assert all(step["status"] == "done" and "vilt" in step["models"][0] for step in asked)


def test_the_main_characters(profile: Path, tmp_path: Path) -> None:
    trace = tmp_path / "trace.html"
    program = EXAMPLES / "main_characters.vp"
    words: list[str | Path] = [
        "exec",
        program,
        ASTRONAUT,
        "--models",
        profile,
        "-o",
        tmp_path / "out.png",
        "--trace",
        trace,
    ]
    visprog(*words)
    assert load_image(tmp_path / "out.png").size == load_image(ASTRONAUT).size
    page = trace.read_text()
    assert "transformers:" in page
    assert "Howard" in page


def test_desert_to_grass(profile: Path, tmp_path: Path) -> None:
    program = EXAMPLES / "desert_to_grass.vp"
    out, _ = visprog("exec", program, CAT, "--models", profile, "-o", tmp_path / "out.png", "--json")
    record = json.loads(out)
    assert record["ok"]
    before, after = load_image(CAT).pixels, load_image(tmp_path / "out.png").pixels
    changed = (before != after).any(axis=2).mean()
    assert 0 < changed <= 1


def test_an_instruction_is_heard(profile: Path, tmp_path: Path) -> None:
    word, pitch = next(iter(SOUNDS.items()))
    samples = (tone(pitch, 2.0, np.random.default_rng(5)) * 32767).astype(np.int16)
    with wave.open(str(tmp_path / "speech.wav"), "wb") as recording:
        recording.setnchannels(1)
        recording.setsampwidth(2)
        recording.setframerate(16_000)
        recording.writeframes(samples.tobytes())
    program = tmp_path / "count.vp"
    program.write_text("OBJ0=FaceDet(image=IMAGE)\nRESULT=Count(object=OBJ0)")
    words: list[str | Path] = [
        "run",
        "--speech",
        tmp_path / "speech.wav",
        ASTRONAUT,
        "--models",
        profile,
        "--program",
        program,
    ]
    out, err = visprog(*words)
    assert out == "1\n"
    assert f"heard: {word}" in err
