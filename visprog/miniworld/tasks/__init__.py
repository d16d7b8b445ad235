"""Tasks of the miniature world: instructions about scenes, with reference programs and right results."""

from __future__ import annotations

from importlib import import_module

from visprog.miniworld.scene import Split
from visprog.miniworld.tasks.task import Task

_MODULES = {
    "gqa": "gqa",
    "nlvr": "nlvr",
    "knowtag": "tagging",
    "imgedit": "editing",
    "composition": "composition",
    "language": "language",
}

KINDS_OF_TASK: tuple[str, ...] = tuple(_MODULES)
"""Questions, statements, tags that need knowledge, edits, captions that differ only in composition, and
questions that need lists, templates, or the tools of places and sizes."""


def make_task(kind: str, seed: int, split: Split) -> Task:
    """Return the task of a kind for a seed. Raise KeyError if the kind is unknown."""
    module = import_module(f"visprog.miniworld.tasks.{_MODULES[kind]}")
    task: Task = module.make_task(seed, split)
    return task
