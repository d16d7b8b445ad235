"""A small part of the campaign that kills batches, in a process without threads to fork from."""

from __future__ import annotations

import subprocess
import sys


def test_batches_that_are_killed_and_resumed_leave_what_an_undisturbed_one_does() -> None:
    command = [sys.executable, "-m", "tests.campaigns.kills", "--count", "8", "--seed", "1"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "8 of 8 kills" in done.stdout
