"""A command that needs a missing package names the extra that installs it."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PILImage

from visprog.extras import install_extra

ROOT = Path(__file__).parent.parent


def visprog(hidden: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run a command where the packages `hidden` are not installed."""
    command = [sys.executable, "-m", "tests.hidden_packages", hidden, *words]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def advice(done: subprocess.CompletedProcess[str]) -> str:
    """Return the help of a command that failed as it should."""
    assert done.returncode in (1, 2), done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr.partition("help: ")[2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("files")
    PILImage.fromarray(np.full((60, 80, 3), 90, np.uint8)).save(folder / "grey.png")
    (folder / "picture.heic").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0heicmif1" + bytes(80))
    (folder / "speech.flac").write_bytes(b"fLaC" + bytes(100))
    (folder / "sam.pth").write_bytes(b"weights")
    (folder / "pipeline").mkdir()
    (folder / "tasks.jsonl").write_text(json.dumps({"id": "1", "program": "RESULT=Eval('6 * 7')"}) + "\n")
    for name, call in {
        "loc": "Loc(image=IMAGE, object='ball')",
        "seg": "Seg(image=IMAGE)",
        "filter": "Filter(image=IMAGE, object=B, query='red')",
    }.items():
        (folder / f"{name}.vp").write_text(f"B=Loc(image=IMAGE, object='TOP')\nA={call}\nRESULT=A\n")
    (folder / "replace.vp").write_text(
        "A=Loc(image=IMAGE, object='TOP')\nB=Replace(image=IMAGE, object=A, prompt='sea')\nRESULT=B\n"
    )
    return folder


@pytest.mark.parametrize(
    ("hidden", "words", "extra"),
    [
        ("torch", "exec {}/loc.vp --models mini", "models"),
        ("transformers", "exec {}/loc.vp --models mini", "models"),
        ("tokenizers", "exec {}/loc.vp --models mini", "models"),
        ("safetensors", "exec {}/loc.vp --models mini", "models"),
        ("torchvision", "exec {}/loc.vp --models mini", "models"),
        ("scipy", "exec {}/seg.vp --models mini", "models"),
        ("huggingface_hub", "models --models default pull detector", "models"),
        ("huggingface_hub", "exec {}/loc.vp --models default", "models"),
        ("diffusers", "exec {}/replace.vp -o {}/x.png --model inpainter=diffusers:{}/pipeline", "models"),
        ("segment_anything", "exec {}/seg.vp --model segmenter=segment_anything:{}/sam.pth", "models"),
        ("open_clip", "exec {}/filter.vp --model image_text_scorer=open_clip:{}/pipeline", "open-clip"),
        ("ray", "batch {}/tasks.jsonl --out {}/out --engine ray", "ray"),
        ("pillow_heif", "exec {}/seg.vp", "heic"),
        ("torch,transformers,diffusers,safetensors", "exec {}/loc.vp --models mini", "models"),
    ],
)  # fmt: skip
def test_the_extra_is_named(hidden: str, words: str, extra: str, folder: Path) -> None:
    if importlib.util.find_spec("torch") is None and extra in ("models", "open-clip"):
        pytest.skip("the other packages of the extra are not installed")
    if words.startswith("exec"):
        words += " {}/picture.heic" if extra == "heic" else " {}/grey.png"
    said = advice(visprog(hidden, *words.replace("{}", str(folder)).split()))
    assert install_extra(extra) in said
    assert said.count("pip install") == 1


@pytest.mark.parametrize("hidden", ["torch,transformers", "huggingface_hub"])
def test_the_doctor_gives_one_command_for_each_missing_extra(hidden: str) -> None:
    done = visprog(f"{hidden},ray,open_clip,pillow_heif,noto_cjk_sans_jp_regular", "doctor")
    said = " ".join(done.stdout.split())
    commands = [install_extra(extra) for extra in ("models", "open-clip", "heic", "ray", "cjk")]
    assert [said.count(command) for command in commands] == [1, 1, 1, 1, 1]
    assert said.count("pip install") == 5


def test_the_listing_of_models_gives_the_same_commands_as_the_doctor() -> None:
    done = visprog("huggingface_hub", "models", "--models", "default")
    said = " ".join(done.stdout.split())
    assert done.returncode == 0
    assert "needs the extra `models`" in said
    assert said.count(install_extra("models")) == said.count("pip install") == 1
