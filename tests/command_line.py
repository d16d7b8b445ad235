"""Runs the command line in a process, for tests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ASTRONAUT = ROOT / "examples" / "images" / "astronaut.png"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty working directory. Commands run this source tree, without any key."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def visprog(*words: str | Path, given: str = "", status: int = 0) -> tuple[str, str]:
    """Run the command; return what it printed on standard output and standard error."""
    command = [sys.executable, "-W", "error", "-m", "visprog", *map(str, words)]
    done = subprocess.run(command, input=given, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout, done.stderr
