"""Tools as plain data say which models they need, and which they can do without."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

from visprog import modules
from visprog.modules import TOOLS
from visprog.tool_listing import grouped, tool_to_json
from visprog.tools import tool


@tool("Stack")
def stack(height: int) -> int:
    """Put things on each other."""
    raise NotImplementedError


def test_models_are_required_or_optional() -> None:
    needs = {each.name: tool_to_json(each)["needs"] for each in TOOLS}
    assert needs["Loc"] == {"detector": "required"}
    assert needs["BgBlur"] == {"masker": "optional"}
    assert needs["Count"] == {}


def test_a_tool_is_described_as_it_is_declared() -> None:
    (blur,) = (tool_to_json(each) for each in TOOLS if each.name == "BgBlur")
    assert blur["aliases"] == ["BackgroundBlur"]
    assert blur["signature"] == "BgBlur(image: Image, object: Regions) -> Image"
    assert list(blur) == ["name", "group", "signature", "description", "aliases", "words", "needs"]


def test_a_tool_with_a_choice_lists_its_words() -> None:
    (pick,) = (tool_to_json(each) for each in TOOLS if each.name == "Pick")
    assert pick["words"]["by"][:2] == ["left", "right"]


def test_the_group_of_a_tool_is_its_folder() -> None:
    folder = Path(modules.__file__).parent
    for each in TOOLS:
        path = Path(inspect.getfile(each.function))
        assert tool_to_json(each)["group"] == path.relative_to(folder).parts[0]


def test_added_tools_are_the_last_group() -> None:
    groups = grouped([stack, *TOOLS])
    assert list(groups) == ["understanding", "manipulation", "regions", "knowledge", "logic", "added"]
    assert groups["added"] == [stack]
    assert sum(map(len, groups.values())) == len(TOOLS) + 1


def test_the_guide_has_a_section_for_each_group() -> None:
    guide = (Path(__file__).parents[1] / "docs" / "tools.md").read_text("utf-8")
    sections = dict(re.findall(r"^## (\w+)(.*?)(?=^## |\Z)", guide, re.MULTILINE | re.DOTALL))
    assert [name.lower() for name in sections] == list(grouped(TOOLS))
    for group, tools in grouped(TOOLS).items():
        assert [each.name for each in tools if f"`{each.name}" not in sections[group.title()]] == []
