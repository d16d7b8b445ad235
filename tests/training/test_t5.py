"""The small language model learns instructions, and answers through the backend and the planner."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest

pytest.importorskip("torch")
pytest.importorskip("transformers")

import torch
from hypothesis import given
from hypothesis import strategies as st

from training import t5
from training.instructions import (
    Sample,
    bank_samples,
    list_samples,
    renamed,
    samples,
    task_samples,
    turn,
)
from training.loop import Schedule, fit
from training.program_tokenizer import program_tokenizer
from training.saving import save
from visprog import VisProg
from visprog.language.checker import check
from visprog.language.parser import parse
from visprog.language.types import Type
from visprog.miniworld.tasks import KINDS_OF_TASK, make_task
from visprog.models.fake import FakeLanguageModel
from visprog.models.roles import Message
from visprog.models.zoo import Zoo
from visprog.modules import TOOLS
from visprog.modules.knowledge.list import list_known
from visprog.planner.language_model import LanguageModelPlanner
from visprog.planner.plan import Request
from visprog.planner.selection import choose_planner
from visprog.tools import Registry

QUESTION = "How many dogs are in the image?"
DOGS = Sample(
    "gqa",
    turn("Question", QUESTION, ["IMAGE"]),
    "BOX0=Loc(image=IMAGE, object='dog')\nANSWER0=Count(object=BOX0)",
)
TOTAL = next(task_samples(make_task("nlvr", 0, "train")))
FLYING = Sample("list", "List at most 20: animals that can fly", "bird\nbee")
TOKENIZER = program_tokenizer(
    text for sample in [*bank_samples(), *list_samples()] for text in (sample.asked, sample.answer)
)
REQUEST = Request(QUESTION, {"IMAGE": Type.IMAGE}, "gqa", Registry(TOOLS))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkpoint that has learned three samples by heart."""
    place = tmp_path_factory.mktemp("t5")
    lessons = [DOGS, TOTAL, FLYING]
    torch.manual_seed(0)
    model = t5.new_model(TOKENIZER)
    fit(model, lambda model, step: t5.loss_of(model, TOKENIZER, lessons), Schedule(60, 4e-3), place / "steps")
    save(model, TOKENIZER, folder=place / "t5")
    return place / "t5"


def test_the_planner_has_the_program_from_the_saved_model(folder: Path) -> None:
    session = VisProg(planner=f"transformers:{folder}")
    plan = session.plan(QUESTION, task="gqa")
    assert str(plan.program) == DOGS.answer
    assert plan.output_tokens == len(TOKENIZER(DOGS.answer).input_ids) + 1
    assert (
        str(session.plan(make_task("nlvr", 0, "train").instruction, ["LEFT", "RIGHT"], task="nlvr"))
        == TOTAL.answer
    )


def test_the_transcript_shows_what_the_model_has_read_and_no_more(folder: Path) -> None:
    plan = VisProg(planner=f"transformers:{folder}").plan(QUESTION, task="gqa")
    assert [message.role for message in plan.transcript] == ["user", "assistant"]
    assert plan.transcript[0].content.strip() == DOGS.asked
    assert plan.transcript[1].content == DOGS.answer


def test_the_tool_list_has_its_answer_from_the_saved_model(folder: Path) -> None:
    model = Zoo(models={"language_model": f"transformers:{folder}"}).get("language_model")
    assert list_known.function("animals that can fly", language_model=model, warn=print) == ["bird", "bee"]


def test_the_model_is_small_enough(folder: Path) -> None:
    weights = folder / "model.safetensors"
    assert weights.stat().st_size < 4_000_000


def test_training_goes_from_tasks_to_weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(t5, "COUNTS", dict.fromkeys(t5.COUNTS, 3))
    monkeypatch.setattr(t5, "UNSEEN", {"nlvr": 2})
    monkeypatch.setattr(t5, "LONGEST", 4)
    t5.train(tmp_path / "steps", tmp_path, tmp_path, steps=2, batch=4)
    assert isinstance(choose_planner(f"transformers:{tmp_path / 't5'}"), LanguageModelPlanner)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_every_text_comes_back_from_its_tokens(text: str) -> None:
    text = text.replace("<", "")  # markers such as </s> are no text
    assert TOKENIZER.decode(TOKENIZER(text).input_ids) == text


def test_every_program_comes_back_from_few_tokens() -> None:
    for kind in KINDS_OF_TASK:
        for sample in task_samples(make_task(kind, 1, "train")):
            tokens = TOKENIZER(sample.answer).input_ids
            assert TOKENIZER.decode(tokens) == sample.answer
            assert len(tokens) < len(sample.answer) / 2


def test_an_unknown_word_is_spelt_the_same_in_the_instruction_and_in_the_program() -> None:
    letters = TOKENIZER("zyqux").input_ids
    assert len(letters) == 5
    for text in ("the zyquxs", "object='zyqux'"):
        tokens = TOKENIZER(text).input_ids
        assert any(tokens[start : start + 5] == letters for start in range(len(tokens)))


def read(messages: Sequence[Message]) -> str:
    """What the model reads of a conversation."""
    turns = [{"role": message.role, "content": message.content} for message in messages]
    return str(TOKENIZER.apply_chat_template(turns, add_generation_prompt=True, tokenize=False))


def test_of_a_conversation_the_model_reads_the_instruction_it_was_trained_with() -> None:
    model = FakeLanguageModel(["A=B", DOGS.answer])
    LanguageModelPlanner(model, "fake").plan(REQUEST)
    asked, complained = model.conversations
    assert len(complained) == len(asked) + 2
    assert [DOGS.asked, DOGS.asked] == [read(asked), read(complained)]


def test_of_a_question_for_a_list_the_model_reads_what_it_was_trained_with() -> None:
    model = FakeLanguageModel(["bird"])
    list_known.function("animals that can fly", language_model=model, warn=print)
    assert [FLYING.asked] == list(map(read, model.conversations))
    assert FLYING in list_samples()


def test_renamed_things_have_one_name_in_instruction_and_program() -> None:
    sample = Sample(
        "gqa",
        turn("Question", "Is there an apple near the palm trees?", ["IMAGE"]),
        "BOX0=Loc(image=IMAGE, object='palm tree')\nANSWER0=Vqa(image=IMAGE, question='Is there an apple?')",
    )
    for seed in range(20):
        asked, answer = renamed(sample, random.Random(seed))[1:]
        assert "apple" not in asked + answer
        assert "tree" not in asked + answer
        tree, fruit = answer.split("'")[1], answer.split("'")[3].removesuffix("?").split()[-1]
        assert tree[:-1] in asked  # the plural begins so
        assert f"Is there {'an' if fruit[0] in 'aeiou' else 'a'} {fruit} near" in asked
        assert answer.endswith(f"question='Is there {'an' if fruit[0] in 'aeiou' else 'a'} {fruit}?')")


@pytest.mark.parametrize("kind", KINDS_OF_TASK)
def test_renamed_programs_still_check(kind: str) -> None:
    rng = random.Random(0)
    inputs = dict.fromkeys(("IMAGE", "LEFT", "RIGHT"), Type.IMAGE)
    for seed in range(5):
        for sample in task_samples(make_task(kind, seed, "train")):
            program = renamed(sample, rng).answer
            assert check(parse(program), Registry(TOOLS), inputs).ok, program


def test_both_captions_of_a_composition_are_learned() -> None:
    task = make_task("composition", 0, "train")
    assert {task.program, task.other_program} == {sample.answer for sample in task_samples(task)}


def test_samples_are_kept_and_no_turn_comes_twice(tmp_path: Path) -> None:
    made = samples("train", {"nlvr": 30}, tmp_path)
    assert made == samples("train", {"nlvr": 30}, tmp_path)
    assert len(made) == len({sample.asked for sample in made})
    assert len(list(tmp_path.iterdir())) == 1


def test_a_step_determines_its_batch() -> None:
    lessons = [*bank_samples(), *list_samples()]
    one, other = t5.Lessons(lessons, 8), t5.Lessons(lessons, 8)
    assert one.batch(3) == [one.batch(20), other.batch(3)][1]
    assert one.batch(3) != one.batch(4)


def test_programs_are_compared_but_for_the_names_of_variables() -> None:
    one = "A0=Loc(image=IMAGE, object='A9')\nA1=Count(object=A0)\nA2=Eval('{A1} > 1')\nRESULT=A2"
    other = one.replace("A1", "B7").replace("A2", "B1")
    assert t5.with_plain_names(one) == t5.with_plain_names(other)
    assert t5.with_plain_names(one) != t5.with_plain_names(one.replace("{A1}", "{A0}"))
