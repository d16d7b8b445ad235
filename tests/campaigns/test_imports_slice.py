"""A small part of the campaign of first imports in many threads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.campaigns.imports import run_in_new_process


@pytest.mark.parametrize("backend", ["opencv", "openai"])
def test_many_threads_can_use_a_backend_for_the_first_time_together(backend: str, tmp_path: Path) -> None:
    failures = [failure for _ in range(2) for failure in run_in_new_process(backend, tmp_path)]
    assert not failures


def test_the_campaign_finds_a_backend_that_cannot_be_imported(tmp_path: Path) -> None:
    (tmp_path / "cv2.py").write_text("raise ImportError('broken')")
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); sys.argv[1:] = ['opencv', {str(tmp_path)!r}]; "
        "from tests.campaigns.first_use import main; sys.exit(main())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "16 of 16 threads: ModelUnavailable: OpenCV" in done.stdout
