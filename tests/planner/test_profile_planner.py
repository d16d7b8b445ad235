"""`auto` is the planner that the profile names, where no service is set up."""

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


def test_a_profile_that_names_none_has_the_examples() -> None:
    assert isinstance(choose_planner("auto", Zoo("base")), ExamplesPlanner)
    assert isinstance(choose_planner("auto"), ExamplesPlanner)


def test_the_profile_s_own_is_taken() -> None:
    with pytest.raises(ModelUnavailable, match="transformers:no/where"):
        choose_planner("auto", Zoo(Profile("mine", planner="transformers:no/where")))


def test_another_is_taken_where_it_is_asked_for() -> None:
    zoo = Zoo(Profile("mine", planner="transformers:no/where"))
    assert isinstance(choose_planner("examples", zoo), ExamplesPlanner)


def test_a_service_comes_before_the_profile_s_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-none")
    planner = choose_planner("auto", Zoo(Profile("mine", planner="examples")))
    assert not isinstance(planner, ExamplesPlanner)


def test_a_profile_s_planner_is_read_and_checked(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('planner = "exmples"')
    assert load_profile(file).planner == "exmples"
    with pytest.raises(UsageError, match="unknown planner `exmples`"):
        choose_planner("auto", Zoo(load_profile(file)))


def test_the_miniature_world_s_profile_plans_with_its_own_language_model() -> None:
    profile = load_profile("mini")
    assert profile.planner == str(profile.models["language_model"])
