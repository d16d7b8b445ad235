"""A batch that is killed at any moment loses no finished task, and ends like an undisturbed one."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from tests.batch.tasks_file import lines_of, write_picture, write_tasks

TASKS = 60
WORKERS = 4
KILLS = 5
TOOL = """
import os
import time
from visprog import Image, tool

@tool("Darken")
def darken(image: Image, number: int) -> Image:
    \"\"\"Darken the picture by `number`, slowly, and log the call.\"\"\"
    log = os.open(os.environ["CALLS_LOG"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(log, f"{number}\\n".encode())
    os.close(log)
    time.sleep(0.01)
    return Image(image.pixels - number)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with tasks whose calls are logged."""
    (tmp_path / "darken.py").write_text(TOOL)
    write_picture(tmp_path, "bright.png", 200)
    tasks = [
        {"id": f"task {number}", "program": f"RESULT=Darken(IMAGE, {number})", "image": "bright.png"}
        for number in range(TASKS - 1)
    ]
    write_tasks(tmp_path, *tasks, {"id": "fails", "program": "RESULT=Eval('1 / 0')"})
    return tmp_path


def start(folder: Path, out: str) -> subprocess.Popen[str]:
    words = [
        "batch",
        "tasks.jsonl",
        "--out",
        out,
        "--tools",
        "darken.py",
        "--save",
        "--workers",
        str(WORKERS),
    ]
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "visprog", *words],
        cwd=folder,
        env={**os.environ, "CALLS_LOG": str(folder / f"{out}.log")},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def finish(running: subprocess.Popen[str]) -> str:
    _, words = running.communicate(timeout=100)
    assert running.returncode == 1, words  # one task fails
    return words


def journaled(folder: Path) -> set[str]:
    """Return the tasks with a complete line in the journal."""
    path = folder / "killed" / "journal.jsonl"
    lines = path.read_text("utf-8").split("\n")[2:-1] if path.is_file() else []
    return {line.split('"id": "')[1].split('"')[0] for line in lines}


def kill_after(running: subprocess.Popen[str], folder: Path, count: int, delay: float) -> None:
    """Kill the process `delay` seconds after the journal has `count` more lines."""
    before, deadline = len(journaled(folder)), time.monotonic() + 60
    while len(journaled(folder)) < before + count and running.poll() is None:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    time.sleep(delay)
    os.kill(running.pid, signal.SIGKILL)
    running.communicate(timeout=20)


def calls(folder: Path, out: str) -> Counter[str]:
    path = folder / f"{out}.log"
    return Counter(f"task {number}" for number in path.read_text().split())


def test_a_batch_that_is_killed_repeatedly_ends_like_an_undisturbed_one(folder: Path) -> None:
    finish(start(folder, "whole"))
    chance = random.Random(5)
    for _ in range(KILLS):
        kill_after(start(folder, "killed"), folder, chance.randrange(8), chance.random() / 50)
        assert not (folder / "killed" / "results.jsonl").exists()
        done, before = journaled(folder), calls(folder, "killed") if journaled(folder) else Counter[str]()
    words = finish(start(folder, "killed"))
    assert f"({len(done)} finished by earlier commands)" in words

    whole, killed = folder / "whole", folder / "killed"
    assert (killed / "results.jsonl").read_bytes() == (whole / "results.jsonl").read_bytes()
    assert len(lines_of(killed / "results.jsonl")) == TASKS
    for picture in (whole / "pictures").iterdir():
        assert (killed / "pictures" / picture.name).read_bytes() == picture.read_bytes()
    assert {path.name for path in killed.iterdir()} == {path.name for path in whole.iterdir()}

    assert done
    again = calls(folder, "killed")
    assert all(again[name] == before[name] for name in done)  # finished tasks were not run again
    assert sum(again.values()) <= TASKS - 1 + KILLS * WORKERS
    assert set(calls(folder, "whole").values()) == {1}


def test_an_interrupted_batch_says_so_and_can_be_resumed(folder: Path) -> None:
    running = start(folder, "killed")
    deadline = time.monotonic() + 60
    while len(journaled(folder)) < 5:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    running.send_signal(signal.SIGINT)
    _, words = running.communicate(timeout=30)
    assert running.returncode == 130
    assert "interrupted" in words
    assert "Traceback" not in words
    done = len(journaled(folder))
    assert done >= 5
    assert f"({done} finished by earlier commands)" in finish(start(folder, "killed"))
