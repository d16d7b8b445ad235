"""The output of the command line is short and safe for every input."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from visprog import VisProg


def visprog(*words: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-m", "visprog", *map(str, words)]
    root = str(Path(__file__).parent.parent)
    env = os.environ | {"PYTHONPATH": root, "NO_COLOR": "1"} | environment
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=env, check=False, timeout=60)


@pytest.fixture
def record(tmp_path: Path) -> Path:
    run = VisProg(planner="examples").execute("\n".join(f"A{n}=Eval('{n} + 1')" for n in range(40)))
    run.save(tmp_path / "trace.json")
    run.save(tmp_path / "trace.html")
    return tmp_path / "trace.json"


@pytest.mark.parametrize(("ending", "kind"), [(".json", "a JSON record"), (".html", "an HTML page")])
@pytest.mark.parametrize("command", ["exec", "check"])
def test_the_kind_of_a_file_that_is_not_a_program_is_reported(
    record: Path, command: str, ending: str, kind: str
) -> None:
    done = visprog(command, record.with_suffix(ending).name, cwd=record.parent)
    assert done.returncode == 2
    assert f"is not a program: it looks like {kind}" in done.stderr
    assert len(done.stderr.splitlines()) <= 3


def test_a_bank_is_not_executed(tmp_path: Path) -> None:
    (tmp_path / "bank.txt").write_text("Question: How many?\nProgram:\nRESULT=Eval('1')\n")
    done = visprog("exec", "bank.txt", cwd=tmp_path)
    assert done.returncode == 2
    assert "bank.txt is not a program: it looks like a bank of examples" in done.stderr
    assert len(done.stderr.splitlines()) == 2


def test_many_unused_steps_are_summarized(tmp_path: Path) -> None:
    lines = [f"A{n}=Eval('{n} + 1')" for n in range(38)]
    (tmp_path / "a.vp").write_text("\n".join([*lines, "RESULT=Eval('1')"]))
    for done in (visprog("check", "a.vp", cwd=tmp_path), visprog("exec", "a.vp", cwd=tmp_path)):
        assert done.returncode == 0
        shown = done.stdout + done.stderr
        assert "and 35 more unused" in shown
        assert shown.count("warning[") == 3
    assert "38 warnings" in visprog("check", "a.vp", cwd=tmp_path).stderr


def test_the_number_of_shown_errors_is_limited(tmp_path: Path) -> None:
    (tmp_path / "a.vp").write_text("\n".join(f"A{n}=Nope{n}(image=IMAGE)" for n in range(106)))
    for done in (visprog("check", "a.vp", cwd=tmp_path), visprog("exec", "a.vp", cwd=tmp_path)):
        assert done.returncode == 1
        assert (done.stdout + done.stderr).count("error[") == 10
    assert "and 96 more unknown tools: lines 11 to 106" in visprog("check", "a.vp", cwd=tmp_path).stdout


def test_a_name_that_reorders_a_line_is_shown_as_an_escape(tmp_path: Path) -> None:
    name = "a\u202egpj.vp"
    (tmp_path / name).write_text("RESULT=Nope(x='\u2066\u200bhidden')")
    done = visprog("exec", name, tmp_path / "\u202emissing.png", cwd=tmp_path)
    assert "\\u202emissing.png" in done.stderr
    done = visprog("check", name, cwd=tmp_path)
    assert "a\\u202egpj.vp" in done.stdout
    assert "\\u2066\\u200bhidden" in done.stdout
    assert not set("\u202e\u2066\u200b") & set(done.stdout + done.stderr)
    done = visprog("check", name, "--json", cwd=tmp_path)
    assert not set("\u202e\u2066\u200b") & set(done.stdout)
    assert json.loads(done.stdout)[0]["file"] == name


def test_a_title_that_reorders_a_line_is_shown_as_an_escape(tmp_path: Path) -> None:
    (tmp_path / "a.vp").write_text("RESULT=Eval('1 + 1')")
    done = visprog("run", "say \u202eolleh", "--program", "a.vp", "--trace", "t.html", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "t.html").read_text("utf-8")
    assert "<title>say \\u202eolleh</title>" in page
    assert "\u202e" not in page


def test_a_long_result_is_printed_and_written_completely(tmp_path: Path) -> None:
    doubled = "\n".join(f"A{n}=Eval('{{A{n - 1}}} + {{A{n - 1}}}')" for n in range(1, 13))
    (tmp_path / "a.vp").write_text(f"A0=Eval('[\"word\"]')\n{doubled}")
    done = visprog("exec", "a.vp", cwd=tmp_path)
    assert done.stdout.splitlines() == ["word"] * 4_096
    assert len(done.stderr) < 40_000
    visprog("exec", "a.vp", "-o", "a.json", cwd=tmp_path)
    assert json.loads((tmp_path / "a.json").read_text()) == ["word"] * 4_096
    record = json.loads(visprog("exec", "a.vp", "--json", cwd=tmp_path).stdout)
    assert record["result"]["more"] == 3_096


@pytest.mark.parametrize(("word", "offered"), [("ru", "run"), ("ch", "check"), ("ex", "exec")])
def test_commands_are_completed(tmp_path: Path, word: str, offered: str) -> None:
    done = visprog(
        cwd=tmp_path, _VISPROG_COMPLETE="complete_bash", COMP_WORDS=f"visprog {word}", COMP_CWORD="1"
    )
    assert done.stdout.split() == [offered]


def test_completion_can_be_installed_for_the_shell(tmp_path: Path) -> None:
    done = visprog(
        "--install-completion",
        "bash",
        cwd=tmp_path,
        HOME=str(tmp_path),
        _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1",
    )
    assert done.returncode == 0, done.stderr
    assert "visprog" in (tmp_path / ".bashrc").read_text()
    (script,) = (tmp_path / ".bash_completions").iterdir()
    assert "_VISPROG_COMPLETE=complete_bash" in script.read_text()


@pytest.mark.parametrize("words", [("--help",), ("--show-completion", "bash")])
def test_help_and_completion_import_no_large_library(words: tuple[str, ...]) -> None:
    heavy = ("numpy", "PIL", "cv2", "torch", "openai", "jinja2")
    program = (
        f"import sys\nfrom visprog.cli import main\nsys.argv = ['visprog', *{words!r}]\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print([name for name in {heavy!r} if name in sys.modules])"
    )
    env = os.environ | {"_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=env
    )
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_result_that_the_terminal_cannot_encode_is_escaped(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "from visprog import tool\n\n\n@tool('Odd')\ndef odd() -> str:\n    return 'dog \\ud800 \\u72ac'\n"
    )
    (tmp_path / "a.vp").write_text("RESULT=Odd()")
    words = ("exec", "a.vp", "--tools", "own.py")
    done = visprog(*words, cwd=tmp_path, PYTHONIOENCODING="iso8859-5")
    assert (done.returncode, done.stdout) == (0, "dog \\ud800 \\u72ac\n")
    assert visprog(*words, "-o", "a.txt", cwd=tmp_path).returncode == 0
    assert (tmp_path / "a.txt").read_bytes() == "dog \\ud800 犬\n".encode()
