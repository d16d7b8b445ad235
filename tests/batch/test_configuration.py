"""The differences between two configurations of a batch, as text."""

from __future__ import annotations

from typing import Any

import pytest

from visprog.batch.configuration import differences
from visprog.models.roles import ROLES
from visprog.models.zoo import Zoo

BASE: dict[str, Any] = {
    "visprog": "1", "planner": "examples", "tools": "0f",
    "models": {"detector": "a:b c=1 torch 2.1", "masker": "m torch 2.1"},
    "settings": {"classify": "{'top': 1}"}, "task": "auto", "pictures": True, "traces": False,
}  # fmt: skip


@pytest.mark.parametrize(
    ("now", "message"),
    [
        ({"pictures": False}, "`--save` was given before, but is not now"),
        ({"traces": True}, "`--traces` is given now, but was not before"),
        ({"planner": "openai:x"}, "the planner changed from `examples` to `openai:x`"),
        ({"visprog": "2"}, "the version of VisProg changed from `1` to `2`"),
        ({"task": "gqa"}, "`--task` changed from `auto` to `gqa`"),
        ({"tools": "1f"}, "the tools changed"),
        ({"settings": {}}, "the profile's settings for classify changed from `{'top': 1}` to none"),
        ({"planning": {"model": "x"}}, "the planner's model changed from none to `x`"),
        ({"later": {"a": 1}}, "later a changed from none to `1`"),
        ({"later": [1]}, "later changed from none to `[1]`"),
        (
            {"pictures": False, "task": "gqa"},
            "`--task` changed from `auto` to `gqa`; `--save` was given before, but is not now",
        ),
    ],
)
def test_each_difference_is_described(now: dict[str, Any], message: str) -> None:
    assert differences(BASE, {**BASE, **now}) == message
    assert differences(BASE, BASE) == ""


@pytest.mark.parametrize(
    ("now", "message"),
    [
        ({"masker": "m torch 2.1"}, "the model of detector changed from `a:b` to none"),
        ({"detector": "x y=1", "masker": "m torch 2.1"}, "the model of detector changed from `a:b` to `x`"),
        ({"detector": "a:b c=2 torch 2.1", "masker": "m torch 2.1"},
         "the model of detector changed from `c=1` to `c=2`"),
        ({"detector": "a:b c=1 torch 2.2", "masker": "m torch 2.2"},
         "the models of detector and masker changed from `torch 2.1` to `torch 2.2`"),
    ],
)  # fmt: skip
def test_models_are_described_by_their_roles_and_the_parts_that_differ(
    now: dict[str, str], message: str
) -> None:
    assert differences(BASE, {**BASE, "models": now}) == message


def test_another_profile_is_described_briefly() -> None:
    base, mini = (
        {"models": {role: zoo.fingerprint(role) for role in ROLES if zoo.has(role)}}
        for zoo in (Zoo("base"), Zoo("mini"))
    )
    message = differences(base, mini)
    assert (
        "the model of face_detector changed from `opencv:haar` to `transformers:visprog-mini/owlvit`"
        in message
    )
    assert "#" not in message
    assert len(message) < 900


def test_a_long_value_is_shortened() -> None:
    assert (
        differences({"planner": "x" * 500}, {"planner": "y"})
        == f"the planner changed from `{'x' * 79}…` to `y`"
    )
