"""The planner `transformers:MODEL` writes programs by a language model on this machine."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from io import StringIO
from pathlib import Path
from time import sleep
from typing import cast

import pytest
from rich.console import Console

pytest.importorskip("torch")
pytest.importorskip("transformers")

from tests.models.tiny_checkpoints import language_models
from visprog import ModelUnavailable, UsageError, VisProg
from visprog.cli.planning import show_progress
from visprog.errors import AnswerCut
from visprog.language.types import Type
from visprog.models.backends.transformers import load
from visprog.models.fake import FakeLanguageModel
from visprog.models.progress import report
from visprog.models.roles import Completion, LanguageModel, Message
from visprog.models.zoo import Zoo
from visprog.modules import TOOLS
from visprog.planner.language_model import LanguageModelPlanner
from visprog.planner.plan import Plan, Request
from visprog.planner.selection import check_planner_name, choose_planner
from visprog.tools import Registry

PROGRAM = "ANSWER0=Vqa(image=IMAGE, question='red?')\nRESULT=ANSWER0"
LAST_TURN = (
    "{% for message in messages[-1:] %}<|user|>{{ message['content'].split('\\n')[-1] }}<|end|>{% endfor %}"
    "<|assistant|>"
)
"""A template that shows the model only the instruction, because the model is too small for more."""


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


def plan(lesson: str, folder: Path, **options: int) -> Plan:
    """Plan with a model that was trained to give this answer."""
    taught = {'<|user|>Question: "Is it red?"<|end|><|assistant|>': lesson}
    language_models.taught(taught, folder, template=LAST_TURN)
    model = cast(LanguageModel, load("language_model", str(folder), {"device": "cpu", **options}))
    planner = LanguageModelPlanner(model, "local", attempts=2)
    return VisProg(planner=planner).plan("Is it red?", task="gqa")


def test_a_model_is_stopped_after_its_complete_program(tmp_path: Path) -> None:
    chatter = "\n\nThis program asks whether it is red." * 3
    made = plan(f"{PROGRAM}{chatter}", tmp_path)
    assert str(made.checked.program) == PROGRAM
    assert made.output_tokens == len(PROGRAM) + 1


def test_an_answer_that_is_cut_off_counts_as_an_attempt(tmp_path: Path) -> None:
    with pytest.raises(AnswerCut, match="was cut at its limit of 20 tokens") as caught:
        plan(f"{PROGRAM}<|end|>", tmp_path, max_new_tokens=20)
    assert caught.value.text.strip()


class CutOffLanguageModel(FakeLanguageModel):
    """Its first answer is cut off at the limit; its second answer is the program."""

    def complete_until(
        self,
        messages: Sequence[Message],
        done: Callable[[str], bool],
        *,
        max_tokens: int,
        temperature: float | None = None,
    ) -> Completion:
        completion = super().complete(messages, temperature=temperature)
        assert max_tokens == 400
        if not done(completion.text + "\n"):
            raise AnswerCut("too long", text=completion.text)
        return completion


def test_after_an_answer_that_is_cut_off_the_model_is_asked_again() -> None:
    model = CutOffLanguageModel(["I will think about it at length", PROGRAM])
    made = VisProg(planner=LanguageModelPlanner(model, "fake")).plan("Is it red?", task="gqa")
    assert str(made.checked.program) == PROGRAM
    assert len(model.conversations) == 2
    assert "too long and was cut off" in model.conversations[1][-1].content


def test_progress_is_shown_on_a_terminal_only() -> None:
    shown = {}
    for terminal in (True, False):
        console = Console(file=StringIO(), force_terminal=terminal, width=80)
        with show_progress(console):
            report(7, 400)
            sleep(0.2)
        shown[terminal] = cast(StringIO, console.file).getvalue()
    assert "planning: 7 of at most 400 tokens" in shown[True]
    assert shown[False] == ""


def test_the_planner_shares_the_language_model_of_the_session(folder: Path) -> None:
    name = f"transformers:{folder}"
    zoo = Zoo(models={"language_model": name})
    planner = choose_planner(name, zoo)
    assert isinstance(planner, LanguageModelPlanner)
    assert planner.model is zoo.get("language_model")


def test_the_error_for_a_missing_model_names_the_download_command() -> None:
    with pytest.raises(ModelUnavailable, match="not downloaded completely") as caught:
        choose_planner("transformers:someone/nothing")
    assert "visprog models pull someone/nothing" in (caught.value.help or "")


@pytest.mark.parametrize("name", ["transformers", "transformers:", "transformer:x"])
def test_a_name_without_a_model_is_rejected(name: str) -> None:
    with pytest.raises(UsageError, match=f"unknown planner `{name}`") as caught:
        check_planner_name(name)
    assert "transformers:MODEL" in (caught.value.help or "")


def test_programs_that_vote_are_sampled_at_the_vote_temperature() -> None:
    temperatures: list[float | None] = []

    class RecordingLanguageModel(FakeLanguageModel):
        def complete(self, messages: Sequence[Message], *, temperature: float | None = None) -> Completion:
            temperatures.append(temperature)
            return super().complete(messages, temperature=temperature)

    planner = LanguageModelPlanner(RecordingLanguageModel([PROGRAM] * 3), "fake", vote_temperature=0.7)
    request = Request("Is it red?", {"IMAGE": Type.IMAGE}, "gqa", Registry(TOOLS))
    planner.plan(request)
    planner.plan_many(request, 2)
    assert temperatures == [None, 0.7, 0.7]
