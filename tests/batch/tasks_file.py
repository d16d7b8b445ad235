"""Writes tasks files and pictures, and reads results, for the tests of batches."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from visprog import Image, save_image


def write_tasks(folder: Path, *tasks: dict[str, Any] | str) -> Path:
    """Write `tasks.jsonl` and return its path. Text is written unchanged."""
    path = folder / "tasks.jsonl"
    lines = (task if isinstance(task, str) else json.dumps(task) for task in tasks)
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


def write_picture(folder: Path, name: str, color: int = 0) -> Path:
    """Write a small picture of one shade of grey."""
    path = folder / name
    save_image(Image(np.full((8, 10, 3), color, dtype=np.uint8)), path)
    return path


def output_files(out: Path) -> dict[str, bytes]:
    """Read the files that a batch wrote. The journal counts as empty: the order of its lines varies."""
    return {
        str(path.relative_to(out)): path.read_bytes() if path.name != "journal.jsonl" else b""
        for path in sorted(out.rglob("*"))
        if path.is_file()
    }


def lines_of(path: Path) -> list[dict[str, Any]]:
    """Read a file of JSON lines."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
