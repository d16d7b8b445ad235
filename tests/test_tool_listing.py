from __future__ import annotations

from itertools import pairwise

import pytest

from visprog.modules import TOOLS
from visprog.tool_listing import describe_tool, list_tools
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


def test_a_choice_lists_its_words_and_the_other_words_for_them(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = " ".join(_shown(Registry(TOOLS), "Relate", monkeypatch, capsys).split())
    assert shown.startswith("Relate(object: Regions, relation: Choice, to: Regions) -> Regions Keep")
    assert "group: regions words for relation: left of (or left, to the left of, on the left of)" in shown


def test_the_list_of_tools_is_grouped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    list_tools(Registry([*TOOLS, stack]))
    lines = [line.rstrip() for line in capsys.readouterr().out.splitlines()]
    headings = [line for line in lines if line and " " not in line]
    assert headings == ["understanding", "manipulation", "regions", "knowledge", "logic", "added"]
    place = lines.index("added")
    assert lines[place + 1].startswith("Stack")
    assert any(line.strip() == "by: left, right, top, bottom, size, width, height, score" for line in lines)
    assert "'left' | 'right'" not in "\n".join(lines)


def test_a_list_in_a_description_keeps_its_lines(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = _shown(Registry((stack,)), "Stack", monkeypatch, capsys)
    assert "\n\nPut things on each other.\n\nWhat it takes:\n- a steady hand\n- time\n" in shown
