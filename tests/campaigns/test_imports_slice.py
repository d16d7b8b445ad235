"""A small part of the campaign that uses backends first in many threads at once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.campaigns.imports import start_fresh


@pytest.mark.parametrize("backend", ["opencv", "openai"])
def test_many_threads_use_a_backend_first_at_the_same_instant(backend: str, tmp_path: Path) -> None:
    faults = [fault for _ in range(2) for fault in start_fresh(backend, tmp_path)]
    assert not faults


def test_the_campaign_finds_a_backend_that_cannot_be_imported(tmp_path: Path) -> None:
    (tmp_path / "cv2.py").write_text("raise ImportError('no part of it')")
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); sys.argv[1:] = ['opencv', {str(tmp_path)!r}]; "
        "from tests.campaigns.first_use import main; sys.exit(main())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1, done.stderr
    assert "16 of 16 threads: ModelUnavailable: OpenCV" in done.stdout
