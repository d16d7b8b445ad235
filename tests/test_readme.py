"""Every example of Python and of output in the README and in docs/ runs, and prints what stands beside it."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from tests.documentation import README as README_PAGE
from tests.documentation import ROOT, Block, blocks, run, visprog
from visprog import VisProg
from visprog.images import load_image

README = README_PAGE.read_text("utf-8")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the examples, and without any key in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    return tmp_path


@pytest.mark.parametrize("block", blocks("python"), ids=str)
def test_python_runs_and_prints_what_its_comments_say(block: Block) -> None:
    done = run([sys.executable, "-W", "error", "-c", block.text])
    assert done.returncode == 0, done.stderr
    for expected in re.findall(r"print\(.*\)  # (.*)", block.text):
        assert expected in done.stdout.splitlines()


@pytest.mark.parametrize("block", blocks("py"), ids=str)
def test_python_that_needs_an_extra_is_python(block: Block, folder: Path) -> None:
    pytest.importorskip("ray")
    (folder / "example.py").write_text(block.text, "utf-8")
    done = run([sys.executable, "example.py"])
    assert done.returncode == 0, done.stderr
    assert len((folder / "answers" / "results.jsonl").read_text("utf-8").splitlines()) == 4


@pytest.mark.parametrize("block", blocks("console"), ids=str)
def test_commands_print_what_stands_below_them(block: Block) -> None:
    command, _, expected = block.text.removeprefix("$ visprog ").partition("\n")
    assert visprog(command).stdout.strip() == expected.strip()


def test_the_batch_of_the_guide_runs(folder: Path) -> None:
    [line] = {line for block in blocks("sh") for line in block.text.splitlines() if "--save" in line}
    done = visprog(line.removeprefix("visprog "))
    assert done.returncode == 0, done.stderr
    lines = (folder / "answers" / "results.jsonl").read_text("utf-8").splitlines()
    assert [json.loads(each)["id"] for each in lines] == ["astronaut", "hidden", "pair", "named"]
    assert json.loads(lines[2])["result"] is False


def test_the_main_command_writes_its_page(folder: Path) -> None:
    pytest.importorskip("torch")
    (line,) = re.findall(r"^    pip install '\.\[models\]' && visprog (.*)$", README, re.MULTILINE)
    done = visprog(line)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(folder / "visprog-demo.html")
    assert "six people and two boats" in (folder / "visprog-demo.html").read_text("utf-8")


def test_the_command_without_models_does_what_it_says(folder: Path) -> None:
    (line,) = re.findall(r"^    pip install \. && visprog (.*)$", README, re.MULTILINE)
    done = visprog(line)
    assert done.returncode == 0, done.stderr
    assert (folder / "hidden.png").stat().st_size > 100_000
    assert "Hide the face with 8)" in (folder / "trace.html").read_text("utf-8")


@pytest.mark.parametrize("script", sorted((ROOT / "examples").glob("*.py")), ids=lambda path: path.stem)
def test_every_example_runs(script: Path, folder: Path) -> None:
    done = run([sys.executable, "-W", "error", str(script)])
    assert done.returncode == 0, done.stderr
    assert done.stdout
    for name in re.findall(r"^(\w+\.png):", done.stdout, re.MULTILINE):
        assert (folder / name).is_file() or (ROOT / "examples" / "images" / name).is_file()


def test_the_command_line_of_every_example_works(folder: Path) -> None:
    for script in sorted((ROOT / "examples").glob("*.py")):
        (line,) = re.findall(r"^visprog (.*)$", script.read_text("utf-8"), re.MULTILINE)
        done = visprog(line)
        assert done.returncode == 0, (script, done.stderr)


def test_every_program_of_the_examples_checks() -> None:
    programs = [str(path) for path in sorted((ROOT / "examples").glob("*.vp")) if path.stem != "faulty"]
    assert len(programs) == 11
    done = run([sys.executable, "-m", "visprog", "check", *programs])
    assert done.stderr == "11 files: 0 errors, 0 warnings\n"


def test_the_examples_that_need_no_model_do_what_they_say() -> None:
    session = VisProg(planner="examples")
    astronaut, coffee = (
        load_image(ROOT / "examples" / "images" / f"{name}.png") for name in ("astronaut", "coffee")
    )
    hidden = session.execute((ROOT / "examples" / "face_at_a_point.vp").read_text("utf-8"), astronaut).result
    changed = (hidden.pixels != astronaut.pixels).any(axis=2)
    assert changed[110, 220]
    assert not changed[:, :140].any()
    assert not changed[200:].any()
    program = (ROOT / "examples" / "a_face_in_one_picture.vp").read_text("utf-8")
    assert session.execute(program, [coffee, astronaut]).result is True
    assert session.execute(program, [coffee, coffee]).result is False


def test_the_faulty_example_has_the_fault_that_it_shows() -> None:
    done = run([sys.executable, "-m", "visprog", "check", str(ROOT / "examples" / "faulty.vp")])
    assert done.returncode == 1
    assert done.stderr == "1 file: 1 error, 0 warnings\n"


def test_the_desert_is_a_picture() -> None:
    assert load_image(ROOT / "examples" / "images" / "desert.jpg").size == (720, 480)
