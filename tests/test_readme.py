"""Every command and every block of code in the README runs, and prints what the README says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from visprog.images import load_image

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the examples, and without any key in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "faulty.vp").symlink_to(ROOT / "examples" / "faulty.vp")
    return tmp_path


def run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)


@pytest.mark.parametrize("block", re.findall(r"```python\n(.*?)```", README, re.DOTALL))
def test_python_runs_and_prints_what_its_comments_say(block: str) -> None:
    done = run([sys.executable, "-W", "error", "-c", block])
    assert done.returncode == 0, done.stderr
    for expected in re.findall(r"print\(.*\)  # (.*)", block):
        assert expected in done.stdout.splitlines()


@pytest.mark.parametrize("block", re.findall(r"```console\n\$ visprog (.*?)```", README, re.DOTALL))
def test_commands_print_what_stands_below_them(block: str) -> None:
    command, _, expected = block.partition("\n")
    words = re.findall(r'"([^"]*)"|(\S+)', command)
    done = run([sys.executable, "-m", "visprog", *(quoted or plain for quoted, plain in words)])
    assert done.stdout.strip() == expected.strip()


def test_the_main_command_writes_its_page(folder: Path) -> None:
    pytest.importorskip("torch")
    (line,) = re.findall(r"^    pip install '\.\[models\]' && visprog (.*)$", README, re.MULTILINE)
    done = run([sys.executable, "-m", "visprog", *line.split()])
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(folder / "visprog-demo.html")
    assert "six people and two boats" in (folder / "visprog-demo.html").read_text("utf-8")


def test_the_command_without_models_does_what_it_says(folder: Path) -> None:
    (line,) = re.findall(r"^    pip install \. && visprog (.*)$", README, re.MULTILINE)
    words = re.findall(r'"([^"]*)"|(\S+)', line)
    done = run([sys.executable, "-m", "visprog", *(quoted or plain for quoted, plain in words)])
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
        words = re.findall(r'"([^"]*)"|(\S+)', line)
        done = run([sys.executable, "-m", "visprog", *(quoted or plain for quoted, plain in words)])
        assert done.returncode == 0, (script, done.stderr)


def test_every_program_of_the_examples_checks() -> None:
    programs = [str(path) for path in sorted((ROOT / "examples").glob("*.vp")) if path.stem != "faulty"]
    assert len(programs) == 4
    done = run([sys.executable, "-m", "visprog", "check", *programs])
    assert done.stderr == "4 files: 0 errors, 0 warnings\n"


def test_the_faulty_example_has_the_fault_that_it_shows() -> None:
    done = run([sys.executable, "-m", "visprog", "check", str(ROOT / "examples" / "faulty.vp")])
    assert done.returncode == 1
    assert done.stderr == "1 file: 1 error, 0 warnings\n"


def test_the_tasks_of_the_examples_are_done(folder: Path) -> None:
    command = [sys.executable, "-m", "visprog", "batch", "examples/tasks.jsonl", "--out", "answers", "--save"]
    done = run(command)
    assert done.returncode == 0, done.stderr
    assert "3 tasks: 3 done, 0 failed" in done.stderr
    assert [path.name for path in (folder / "answers" / "pictures").iterdir()] == ["named.png"]


def test_the_desert_is_a_picture() -> None:
    assert load_image(ROOT / "examples" / "images" / "desert.jpg").size == (720, 480)
