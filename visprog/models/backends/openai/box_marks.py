"""Boxes that models mark with special tokens in their text: Qwen-VL, InternVL, PaliGemma and Florence."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

_MARKED = re.compile(
    r"(?:<ref>|<\|object_ref_start\|>)(?P<label>[^<>]{0,200})(?:</ref>|<\|object_ref_end\|>)\s?"
    r"(?:<box>|<\|box_start\|>)(?P<numbers>[^<>]{0,2000})(?:</box>|<\|box_end\|>)"
)
_PALIGEMMA = re.compile(r"<loc(\d{4})><loc(\d{4})><loc(\d{4})><loc(\d{4})>\s?([^<>;\n]{1,200})")
_FLORENCE = re.compile(r"(?:<loc_\d{1,3}>){4,400}")
_LONGEST_LABEL = 200
_PALIGEMMA_SCALE = 1024


def marked_boxes(text: str) -> list[dict[str, Any]]:
    """Return the boxes marked in a text, each as `label` and `box_2d`.

    `box_2d` is top, left, bottom and right, in thousandths of the picture.
    """
    return [*_by_reference(text), *_by_paligemma(text), *_by_florence(text)]


def _by_reference(text: str) -> Iterator[dict[str, Any]]:
    for match in _MARKED.finditer(text):
        yield from _boxes(match["label"], re.findall(r"\d{1,4}", match["numbers"]))


def _by_paligemma(text: str) -> Iterator[dict[str, Any]]:
    for *sides, label in _PALIGEMMA.findall(text):
        box = [int(side) * 1000 / _PALIGEMMA_SCALE for side in sides]
        yield {"label": label.strip(), "box_2d": box}


def _by_florence(text: str) -> Iterator[dict[str, Any]]:
    label, end = "", 0
    for match in _FLORENCE.finditer(text):
        before = text[max(end, match.start() - _LONGEST_LABEL) : match.start()]
        label, end = before.strip().rpartition("\n")[2] or label, match.end()
        yield from _boxes(label, re.findall(r"\d{1,3}", match[0]))


def _boxes(label: str, numbers: list[str]) -> Iterator[dict[str, Any]]:
    """Yield a box for each group of four numbers: left, top, right, bottom."""
    for left, top, right, bottom in zip(*[iter(map(int, numbers))] * 4, strict=False):
        yield {"label": label.strip(), "box_2d": [top, left, bottom, right]}
