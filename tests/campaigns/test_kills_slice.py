"""A small part of the campaign that kills batches, in its own process, so that it forks without threads."""

from __future__ import annotations

import subprocess
import sys


def test_killed_and_resumed_batches_equal_an_undisturbed_one() -> None:
    command = [sys.executable, "-m", "tests.campaigns.kills", "--count", "8", "--seed", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "8 of 8 kills" in done.stdout
