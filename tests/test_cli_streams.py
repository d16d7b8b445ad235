"""The command line with closed streams, full disks, interruptions and internal errors."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.command_line import ASTRONAUT, folder, visprog
from visprog.cli.reporting import reporting

__all__ = ["folder"]


def in_bash(words: str) -> tuple[int, str, str]:
    """Run `visprog` with these words in a shell; return its status, output and error output."""
    command = f"{sys.executable} -W error -m visprog {words}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False, timeout=120)
    return done.returncode, done.stdout, done.stderr


def test_a_closed_standard_input_is_reported(folder: Path) -> None:
    for words in (f"exec - {ASTRONAUT} <&-", "check - <&-"):
        status, _, err = in_bash(words)
        assert (status, "standard input is closed" in err) == (2, True)
    status, _, err = in_bash(f"run 'How many faces are in the image?' {ASTRONAUT} --confirm <&-")
    assert status == 2
    assert "you cannot be asked for confirmation" in err


def test_a_standard_input_that_is_not_text_is_reported(folder: Path) -> None:
    (folder / "latin.vp").write_bytes(b"RESULT=Eval('\xe9')")
    status, _, err = in_bash(f"exec - {ASTRONAUT} <latin.vp")
    assert status == 2
    assert "standard input is not text in UTF-8" in err


def test_output_that_cannot_be_written_is_reported(folder: Path) -> None:
    (folder / "six.vp").write_text("RESULT=Eval('6')")
    for words in ("exec six.vp", "exec six.vp --json", "tools", "models"):
        status, _, err = in_bash(f"{words} >/dev/full")
        assert status == 1
        assert "error: the output cannot be written: No space left on device\n" in err
        assert "inside visprog" not in err
        assert "Exception ignored" not in err


def test_closed_outputs_are_not_an_error(folder: Path) -> None:
    (folder / "six.vp").write_text("RESULT=Eval('6')")
    status, _, err = in_bash("exec six.vp >&-")
    assert (status, err.startswith("✓ RESULT Eval  6")) == (0, True)
    assert in_bash("exec six.vp 2>&-") == (0, "6\n", "")


def test_the_end_of_the_input_does_not_confirm(folder: Path) -> None:
    words = ["run", "Hide the face with 8)", str(ASTRONAUT), "-o", "out.png", "--confirm"]
    _, err = visprog(*words, status=1)
    assert "\nAborted" in err
    assert not (folder / "out.png").exists()


def test_an_interruption_leaves_no_files(folder: Path) -> None:
    (folder / "slow.py").write_text(
        "import time\nfrom visprog import Image, tool\n\n"
        '@tool("Slow")\ndef slow(image: Image, place: int) -> Image:\n'
        '    """Take long."""\n    open(f"started{place}", "w").close()\n'
        "    time.sleep(60)\n    return image\n"
    )
    program = "A=Slow(IMAGE, 1)\nB=Slow(IMAGE, 2)\nRESULT=Result([A, B])"
    (folder / "p.vp").write_text(program)
    words = ["exec", "p.vp", str(ASTRONAUT), "--tools", "slow.py", "--trace", "trace.html"]
    process = subprocess.Popen([sys.executable, "-m", "visprog", *words], stderr=subprocess.PIPE, text=True)
    deadline = time.monotonic() + 60
    while not (folder / "started1").exists() or not (folder / "started2").exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "interrupted" in err
    assert "Traceback" not in err
    assert not [name for name in os.listdir(folder) if name.endswith((".part", ".html", ".png"))]


def test_an_internal_error_shows_no_traceback(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = "import visprog.session as s; s.VisProg = None; from visprog.cli import main; main()"
    command = [sys.executable, "-c", program, "tools"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "internal error of VisProg: TypeError" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_reader_that_closes_the_pipe_is_not_an_error(folder: Path) -> None:
    command = f"{sys.executable} -m visprog tools --json | head -c 10; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_reporting_does_not_catch_other_errors() -> None:
    with pytest.raises(ZeroDivisionError), reporting():
        _ = 1 / 0


def test_a_result_cannot_send_control_characters_to_the_terminal(folder: Path) -> None:
    program = "RESULT=Eval(\"'\\x1b[31mred'\")"
    (folder / "p.vp").write_text(program)
    words = f"{sys.executable} -m visprog exec p.vp"
    done = subprocess.run(["script", "-qec", words, "/dev/null"], capture_output=True, text=True, check=False)
    assert "\x1b[31mred" not in done.stdout
    assert "[31mred" in done.stdout
