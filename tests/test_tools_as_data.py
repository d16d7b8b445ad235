"""Tools as plain data say which models they need, and which they can do without."""

from __future__ import annotations

from visprog.modules import TOOLS
from visprog.tool_listing import tool_to_json


def test_models_are_required_or_optional() -> None:
    needs = {each.name: tool_to_json(each)["needs"] for each in TOOLS}
    assert needs["Loc"] == {"detector": "required"}
    assert needs["BgBlur"] == {"masker": "optional"}
    assert needs["Count"] == {}


def test_a_tool_is_described_as_it_is_declared() -> None:
    (blur,) = (tool_to_json(each) for each in TOOLS if each.name == "BgBlur")
    assert blur["aliases"] == ["BackgroundBlur"]
    assert blur["signature"] == "BgBlur(image: Image, object: Regions) -> Image"
    assert list(blur) == ["name", "signature", "description", "aliases", "needs"]
