"""In what a batch differs from the one before, in the words of the command line."""

from __future__ import annotations

from typing import Any

import pytest

from visprog.batch.differences import differences
from visprog.models.roles import ROLES
from visprog.models.zoo import Zoo

BASE: dict[str, Any] = {
    "visprog": "1", "planner": "examples", "tools": "0f",
    "models": {"detector": "a:b c=1 torch 2.1", "masker": "m torch 2.1"},
    "settings": {"classify": "{'top': 1}"}, "task": "auto", "pictures": True, "traces": False,
}  # fmt: skip


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ({"pictures": False}, "`--save` was given, and is not now"),
        ({"traces": True}, "`--traces` was not given, and is now"),
        ({"planner": "openai:x"}, "the planner was `examples`, and is `openai:x`"),
        ({"visprog": "2"}, "the version of VisProg was `1`, and is `2`"),
        ({"task": "gqa"}, "`--task` was `auto`, and is `gqa`"),
        ({"tools": "1f"}, "the tools are others"),
        ({"settings": {}}, "what the profile sets for classify was `{'top': 1}`, and is none"),
        ({"planning": {"model": "x"}}, "the planner's model was none, and is `x`"),
        ({"later": {"a": 1}}, "later a was none, and is `1`"),
        ({"later": [1]}, "later was none, and is `[1]`"),
        (
            {"pictures": False, "task": "gqa"},
            "`--task` was `auto`, and is `gqa`; `--save` was given, and is not now",
        ),
    ],
)
def test_each_difference_is_said(now: dict[str, Any], words: str) -> None:
    assert differences(BASE, {**BASE, **now}) == words
    assert differences(BASE, BASE) == ""


@pytest.mark.parametrize(
    ("now", "words"),
    [
        ({"masker": "m torch 2.1"}, "the model of detector was `a:b`, and is none"),
        ({"detector": "x y=1", "masker": "m torch 2.1"}, "the model of detector was `a:b`, and is `x`"),
        ({"detector": "a:b c=2 torch 2.1", "masker": "m torch 2.1"},
         "the model of detector was `c=1`, and is `c=2`"),
        ({"detector": "a:b c=1 torch 2.2", "masker": "m torch 2.2"},
         "the models of detector and masker were `torch 2.1`, and are `torch 2.2`"),
    ],
)  # fmt: skip
def test_models_are_told_by_their_roles_and_by_what_differs(now: dict[str, str], words: str) -> None:
    assert differences(BASE, {**BASE, "models": now}) == words


def test_another_profile_is_told_of_shortly() -> None:
    base, mini = (
        {"models": {role: zoo.fingerprint(role) for role in ROLES if zoo.has(role)}}
        for zoo in (Zoo("base"), Zoo("mini"))
    )
    said = differences(base, mini)
    assert "the model of face_detector was `opencv:haar`, and is `transformers:visprog-mini/owlvit`" in said
    assert "#" not in said
    assert len(said) < 900


def test_a_long_value_is_cut() -> None:
    assert (
        differences({"planner": "x" * 500}, {"planner": "y"}) == f"the planner was `{'x' * 79}…`, and is `y`"
    )
