"""Tasks of the miniature world: instructions about scenes, their programs, and what is right."""

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
}

KINDS_OF_TASK: tuple[str, ...] = tuple(_MODULES)
"""Questions, statements, knowledge tagging, edits, and pairs of captions that differ only in composition."""


def make_task(kind: str, seed: int, split: Split) -> Task:
    """Return the task of a kind that a seed determines. Raises KeyError for an unknown kind."""
    module = import_module(f"visprog.miniworld.tasks.{_MODULES[kind]}")
    task: Task = module.make_task(seed, split)
    return task
