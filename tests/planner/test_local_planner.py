"""The planner `transformers:MODEL` writes programs by a language model on this machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

from tests.models.tiny_checkpoints import language_models
from visprog import ModelUnavailable, UsageError, VisProg
from visprog.models.fake import FakeLanguageModel
from visprog.models.roles import Completion, Message
from visprog.models.zoo import Zoo
from visprog.planner.language_model import LanguageModelPlanner
from visprog.planner.selection import check_planner_name, choose_planner

PROGRAM = "ANSWER0=Vqa(image=IMAGE, question='red?')\nRESULT=ANSWER0"
LAST_TURN = (
    "{% for message in messages[-1:] %}<|user|>{{ message['content'].split('\\n')[-1] }}<|end|>{% endfor %}"
    "<|assistant|>"
)
"""A template that shows the model the instruction alone: all that a model of this size can follow."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    lesson = {'<|user|>Question: "Is it red?"<|end|><|assistant|>': f"{PROGRAM}<|end|>"}
    return language_models.taught(lesson, tmp_path_factory.mktemp("planner"), template=LAST_TURN)


def test_a_program_is_planned_by_a_local_model(folder: Path) -> None:
    session = VisProg(planner=f"transformers:{folder}")
    plan = session.plan("Is it red?", task="gqa")
    assert str(plan.checked.program) == PROGRAM
    assert plan.planner == f"transformers:{folder}"
    assert plan.output_tokens == len(PROGRAM) + 1


def test_the_planner_shares_the_session_s_language_model(folder: Path) -> None:
    name = f"transformers:{folder}"
    zoo = Zoo(models={"language_model": name})
    planner = choose_planner(name, zoo)
    assert isinstance(planner, LanguageModelPlanner)
    assert planner.model is zoo.get("language_model")


def test_an_absent_model_names_the_command_that_fetches_it() -> None:
    with pytest.raises(ModelUnavailable, match="not on this machine") as caught:
        choose_planner("transformers:someone/nothing")
    assert "visprog models pull someone/nothing" in (caught.value.help or "")


@pytest.mark.parametrize("name", ["transformers", "transformers:", "transformer:x"])
def test_a_name_without_a_model_is_refused_at_once(name: str) -> None:
    with pytest.raises(UsageError, match=f"there is no planner `{name}`") as caught:
        check_planner_name(name)
    assert "transformers:MODEL" in (caught.value.help or "")


def test_programs_that_are_to_vote_are_drawn_at_the_temperature_of_variety() -> None:
    temperatures: list[float | None] = []

    class Listening(FakeLanguageModel):
        def complete(self, messages: Sequence[Message], *, temperature: float | None = None) -> Completion:
            temperatures.append(temperature)
            return super().complete(messages, temperature=temperature)

    planner = LanguageModelPlanner(Listening([PROGRAM] * 3), "fake", variety=0.7)
    request = VisProg(planner=planner)._request("Is it red?", (), "gqa")
    planner.plan(request)
    planner.plan_many(request, 2)
    assert temperatures == [None, 0.7, 0.7]
