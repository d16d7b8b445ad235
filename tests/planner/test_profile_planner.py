"""If no service is configured, `auto` is the planner that the profile names."""

from __future__ import annotations

from pathlib import Path

import pytest

from visprog.errors import ModelUnavailable, UsageError
from visprog.models.profile import Profile, load_profile
from visprog.models.zoo import Zoo
from visprog.planner.examples.planner import ExamplesPlanner
from visprog.planner.selection import choose_planner


@pytest.fixture(autouse=True)
def no_service(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL", "OPENAI_MODEL"):
        monkeypatch.delenv(name, raising=False)


def test_the_default_planner_of_a_profile_is_examples() -> None:
    assert isinstance(choose_planner("auto", Zoo("base")), ExamplesPlanner)
    assert isinstance(choose_planner("auto"), ExamplesPlanner)


def test_auto_uses_the_planner_of_the_profile() -> None:
    with pytest.raises(ModelUnavailable, match="transformers:no/where"):
        choose_planner("auto", Zoo(Profile("mine", planner="transformers:no/where")))


def test_a_named_planner_replaces_that_of_the_profile() -> None:
    zoo = Zoo(Profile("mine", planner="transformers:no/where"))
    assert isinstance(choose_planner("examples", zoo), ExamplesPlanner)


def test_a_configured_service_comes_before_the_planner_of_the_profile(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    planner = choose_planner("auto", Zoo(Profile("mine", planner="examples")))
    assert not isinstance(planner, ExamplesPlanner)


def test_the_planner_of_a_profile_is_read_and_checked(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('planner = "exmples"')
    assert load_profile(file).planner == "exmples"
    with pytest.raises(UsageError, match="unknown planner `exmples`"):
        choose_planner("auto", Zoo(load_profile(file)))


def test_the_profile_mini_plans_with_its_language_model() -> None:
    profile = load_profile("mini")
    assert profile.planner == str(profile.models["language_model"])
