"""If a custom tool raises an error, the message names the line in the user's file."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from visprog import VisProg
from visprog.tool_sources import load_tools

ROOT = Path(__file__).parents[2]
TOOLS = '''\
import json

import numpy as np

from visprog import tool


def helper(text: str) -> object:
    return json.loads(text)


@tool("Broken")
def broken() -> int:
    """Raise here."""
    raise ValueError("no luck")


@tool("Deep")
def deep() -> int:
    """Raise in the standard library."""
    return helper("{")


@tool("Array")
def array() -> int:
    """Raise in an installed package."""
    return np.zeros(3).reshape(7)


@tool("Liar")
def liar() -> int:
    """Return something else."""
    return "text"


@tool("Silent")
def silent() -> int:
    """Raise without a message."""
    assert False
'''


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "own_tools.py"
    path.write_text(TOOLS)
    return path


@pytest.mark.parametrize(
    ("name", "line", "function"),
    [("Broken", 15, "broken"), ("Deep", 9, "helper"), ("Array", 27, "array"), ("Silent", 39, "silent")],
)
def test_the_error_names_the_line_in_the_users_file(file: Path, name: str, line: int, function: str) -> None:
    run = VisProg(tools=load_tools(file)).execute(f"RESULT={name}()")
    assert run.error is not None
    assert run.error.message.endswith(f"(own_tools.py, line {line}, in {function})")
    assert str(file.parent) not in str(run.error)


def test_a_wrong_result_has_no_line(file: Path) -> None:
    run = VisProg(tools=load_tools(file)).execute("RESULT=Liar()")
    assert run.error is not None
    assert run.error.message.endswith("Liar returned a str, but its signature says int")


def exec_broken(file: Path, **variables: str) -> str:
    program = file.with_name("broken.vp")
    program.write_text("RESULT=Deep()")
    command = [sys.executable, "-m", "visprog", "exec", str(program), "--tools", str(file)]
    environment = {**os.environ, **variables}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 1
    return done.stderr


def test_the_traceback_is_only_shown_on_request(file: Path) -> None:
    assert "Traceback" not in exec_broken(file)
    shown = exec_broken(file, VISPROG_TRACEBACK="1")
    assert "Traceback" in shown
    assert 'own_tools.py", line 9, in helper' in shown
