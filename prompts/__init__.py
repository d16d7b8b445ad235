"""The banks of examples that planners follow. Each task has one plain text file, which anyone can edit."""

from __future__ import annotations

from importlib.resources import files

BANKS = ("gqa", "nlvr", "knowtag", "imgedit")
"""The tasks that have a bank."""


def bank_text(name: str) -> str:
    """Return the text of the bank of this task. Raises KeyError if there is none."""
    if name not in BANKS:
        raise KeyError(f"unknown bank {name!r}; the banks are {', '.join(BANKS)}")
    return files("visprog.prompts").joinpath(f"{name}.txt").read_text(encoding="utf-8")


def pattern_files() -> list[tuple[str, str]]:
    """Return the names and texts of the files of patterns that the embedded planner follows."""
    folder = files("visprog.prompts").joinpath("patterns")
    found = [each for each in folder.iterdir() if each.name.endswith(".txt")]
    return [
        (each.name, each.read_text(encoding="utf-8")) for each in sorted(found, key=lambda each: each.name)
    ]
