"""Uses each backend for the first time in 16 threads at the same time, in many new processes.

    python -m tests.campaigns.imports --count 20

If several threads import a library for the first time, they may get incomplete modules. Here each thread must
work as if it were alone. `--backends opencv,openai` selects backends; "mixed" uses a different one in each
thread.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import numpy as np
from PIL import Image as PILImage

from tests.campaigns.child_process import say
from tests.campaigns.first_use import BACKENDS, THREADS

ALL = (*BACKENDS, "mixed")


def write_files(folder: Path, backends: tuple[str, ...]) -> None:
    """Write the files that the backends read."""
    if {"soundfile", "mixed"} & set(backends):
        import soundfile

        soundfile.write(folder / "sound.flac", np.zeros(1_600, np.float32), 16_000)
    if {"heic", "mixed"} & set(backends):
        import pillow_heif

        pillow_heif.from_pillow(PILImage.new("RGB", (80, 60), "red")).save(folder / "picture.heic")
    if {"segment_anything", "mixed"} & set(backends):
        from tests.models.segment_anything.tiny_sam import save as save_sam
        from tests.models.segment_anything.tiny_sam import tiny_sam

        save_sam(tiny_sam(), folder / "sam.pth")
    if {"open_clip", "mixed"} & set(backends):
        from tests.models.open_clip.tiny_coca import COCA, build
        from tests.models.open_clip.tiny_coca import save as save_coca

        save_coca(build(COCA), COCA, folder / "coca")


def run_in_new_process(backend: str, folder: Path) -> list[str]:
    """Use a backend in a new process, and return the failures that it prints."""
    environment = {
        **os.environ,
        "HF_HOME": str(folder / "hub"),
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, "-m", "tests.campaigns.first_use", backend, str(folder)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return []
    return done.stdout.splitlines() or [f"exit {done.returncode}: {done.stderr.strip()[-300:]}"]


def use_repeatedly(backend: str, count: int, folder: Path) -> Counter[str]:
    """Use a backend in `count` new processes, and return the failures."""
    found = Counter[str]()
    failed, started = 0, time.monotonic()
    for _ in range(count):
        failures = run_in_new_process(backend, folder)
        failed += bool(failures)
        found.update(failure.partition(": ")[2] or failure for failure in failures)
    seconds = time.monotonic() - started
    say(f"{backend}: {failed} of {count} processes failed, {THREADS} threads each, {seconds:.0f} s")
    for failure, times in found.most_common():
        say(f"    in {times}: {failure}")
    return found


def main() -> int:
    """Run the campaign with the options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--count", type=int, default=20, help="number of new processes for each backend")
    parser.add_argument("--backends", default=",".join(ALL), help="names, separated by commas")
    options = parser.parse_args()
    backends = tuple(options.backends.split(","))
    with tempfile.TemporaryDirectory() as folder:
        write_files(Path(folder), backends)
        found = [use_repeatedly(backend, options.count, Path(folder)) for backend in backends]
    say(f"{sum(map(bool, found))} of {len(backends)} backends failed")
    return 1 if any(found) else 0


if __name__ == "__main__":
    sys.exit(main())
