from __future__ import annotations

from itertools import pairwise

import pytest

from visprog.modules import TOOLS
from visprog.tool_listing import describe_tool
from visprog.tools import Registry, tool


@tool("Stack")
def stack(height: int) -> int:
    """Put things
    on each other.

    What it takes:
    - a steady hand
    - time
    """
    raise NotImplementedError


def _shown(
    tools: Registry, name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> str:
    monkeypatch.setenv("COLUMNS", "80")
    found = tools.get(name)
    assert found is not None
    describe_tool(found)
    return "\n".join(line.rstrip() for line in capsys.readouterr().out.splitlines())


def test_a_description_fills_the_lines_of_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    _, *paragraphs, _ = _shown(Registry(TOOLS), "Loc", monkeypatch, capsys).split("\n\n")
    assert len(paragraphs) == 2
    for paragraph in paragraphs:
        lines = paragraph.splitlines()
        for line, after in pairwise(lines):
            assert len(line) <= 80 < len(f"{line} {after.split()[0]}")


def test_a_list_in_a_description_keeps_its_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = _shown(Registry((stack,)), "Stack", monkeypatch, capsys)
    assert "\n\nPut things on each other.\n\nWhat it takes:\n- a steady hand\n- time\n" in shown
