"""Laws of texts with values: they equal texts in which the values are written, and no value is syntax."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from visprog import Image, Regions, Run, VisProg
from visprog.language.checker import check
from visprog.language.parser import parse
from visprog.language.program import doubled_braces
from visprog.language.templates import Phrase, phrases, read_template
from visprog.models.fake import FakeDetector, FakeImageTextScorer, FakeLanguageModel, FakeVisualQA
from visprog.modules import TOOLS as BUILT_IN
from visprog.tools import Registry, tool

PICTURE = Image(np.zeros((8, 10, 3), dtype=np.uint8))
PLAIN = st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), max_size=12)
ANSWERS = (
    PLAIN
    | st.sampled_from(["black, white", "LEFT", "TOP", "None", "none", "{B}", "{{", "}", "{A[0]}", "'", ""])
).map(str.strip)
VALUES = (
    ANSWERS
    | st.integers(-(10**9), 10**9)
    | st.booleans()
    | st.floats(-1e6, 1e6)
    | st.lists(ANSWERS | st.integers(-99, 99) | st.booleans(), max_size=3)
)


@tool("Given")
def give(number: int) -> object:
    """Return one of the values of a test."""
    return GIVEN[number]


@tool("GivenTexts")
def give_texts(number: int) -> list[str]:
    """Return one of the lists of texts of a test."""
    return list(GIVEN[number])


GIVEN: list[Any] = []
TOOLS = Registry([*BUILT_IN, give])
FEWER = settings(max_examples=40, deadline=None)


def asked(questions: list[str]) -> VisProg:
    """Return a session that collects the questions, and repeats them as answers."""

    def answer(image: Image, question: str) -> str:
        questions.append(question)
        return question

    return VisProg(models={"visual_qa": FakeVisualQA(answer)}, tools=[give, give_texts], memory=0)


def as_text(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def escaped(text: str, choices: Sequence[int]) -> str:
    """Write a text as a string of the language; `choices` pick which characters become escapes."""
    written = []
    for place, character in enumerate(text):
        choice = choices[place % len(choices)] if choices else 0
        code = ord(character)
        if choice == 1 and code < 256:
            written.append(f"\\x{code:02x}")
        elif choice == 2 and code < 0x10000:
            written.append(f"\\u{code:04x}")
        elif choice == 3 or character in "\\'\n\r\x00":
            written.append(f"\\U{code:08x}")
        else:
            written.append(character)
    return f"'{''.join(written)}'"


@FEWER
@given(st.lists(st.tuples(PLAIN, VALUES), min_size=1, max_size=4), PLAIN)
def test_a_template_equals_the_text_with_the_values_written_out(
    parts: list[tuple[str, Any]], end: str
) -> None:
    GIVEN[:] = [value for _, value in parts]
    lines = [f"V{place}=Given({place})" for place in range(len(parts))]
    template = "".join(f"{doubled_braces(text)}{{V{place}}}" for place, (text, _) in enumerate(parts))
    template += doubled_braces(end)
    whole = "".join(text + as_text(value) for text, value in parts) + end
    lines.append(f"RESULT=Vqa(image=IMAGE, question={escaped(template, [])})")
    questions: list[str] = []
    session = asked(questions)
    session.execute("\n".join(lines), PICTURE)
    session.execute(f"RESULT=Vqa(image=IMAGE, question={escaped(doubled_braces(whole), [])})", PICTURE)
    assert questions == [whole, whole]


@given(st.text(st.characters(codec="utf-8")))
def test_a_text_with_doubled_braces_is_read_as_itself(text: str) -> None:
    parts = list(read_template(doubled_braces(text), {"A", "x"}))
    assert all(isinstance(part, str) for part in parts)
    assert "".join(map(str, parts)) == text


@FEWER
@given(st.lists(PLAIN, min_size=1, max_size=3), st.lists(st.integers(0, 3), min_size=1, max_size=5))
def test_a_template_is_printed_so_that_it_reads_the_same(texts: list[str], choices: list[int]) -> None:
    template = "{A}".join(doubled_braces(text) for text in texts)
    program = f"A=Given(0)\nRESULT=Result(var={escaped(template, choices)})"
    first = check(parse(program), TOOLS, {})
    again = check(parse(str(first.program)), TOOLS, {})
    assert first.ok
    assert first.steps[1].arguments == again.steps[1].arguments
    written = str(first.steps[1].arguments["var"]) if len(texts) > 1 else repr(template)
    last = check(parse(f"A=Given(0)\nRESULT=Result(var={written})"), TOOLS, {})
    assert last.steps[1].arguments == first.steps[1].arguments


@FEWER
@given(PLAIN, PLAIN, st.lists(st.integers(0, 3), min_size=1, max_size=5))
def test_a_fault_is_marked_at_its_place_after_any_escapes(
    before: str, after: str, choices: list[int]
) -> None:
    start = escaped(doubled_braces(before), choices)
    line = f"RESULT=Result(var={start[:-1]}{{UNKNOWN}}{escaped(doubled_braces(after), choices)[1:]})"
    (found,) = (each for each in check(parse(line), TOOLS, {}).diagnostics if each.is_error)
    assert found.code == "unknown-variable"
    assert line[found.span.column - 1 : found.span.end - 1] == "{UNKNOWN}"
    bad = line.replace("{UNKNOWN}", "{UNKNOWN[0]}")
    (found,) = (each for each in check(parse(bad), TOOLS, {}).diagnostics if each.is_error)
    assert found.code == "text-reference"
    assert bad[found.span.column - 1 : found.span.end - 1] == "{UNKNOWN[0]}"


@FEWER
@given(PLAIN, VALUES)
def test_the_prefix_of_a_format_string_changes_nothing(text: str, value: Any) -> None:
    GIVEN[:] = [value]
    template = escaped(doubled_braces(text) + "{A}", [])
    results = []
    for prefix in ("", "f", "F"):
        run = asked([]).execute(f"A=Given(0)\nRESULT=Vqa(IMAGE, {prefix}{template})", PICTURE)
        results.append(run.result)
        assert ("mended" in [each.code for each in run.diagnostics]) is bool(prefix)
    assert len(set(results)) == 1


def looking(answer: str, seen: list[Sequence[str]]) -> VisProg:
    """Return a session whose question has this answer. `seen` gets the labels of detections and scores."""

    def detect(image: Image, label: str) -> list[tuple[int, int, int, int]]:
        seen.append([label])
        return [(1, 1, 5, 5)]

    def score(image: Image, text: str) -> float:
        seen.append([text])
        return float(len(text))

    return VisProg(
        models={
            "visual_qa": FakeVisualQA(lambda image, question: answer),
            "detector": FakeDetector(detect),
            "image_text_scorer": FakeImageTextScorer(score),
            "language_model": FakeLanguageModel(lambda messages: f"{answer}"),
        },
        memory=0,
    )


def labels_of(run: Run, name: str = "RESULT") -> list[str]:
    found = run.variables[name]
    assert isinstance(found, Regions)
    return sorted(found.labels)


@FEWER
@given(ANSWERS.filter(bool))
def test_an_answer_in_loc_is_one_name_whatever_it_is(answer: str) -> None:
    seen: list[Sequence[str]] = []
    session = looking(answer, seen)
    session.execute("A=Vqa(IMAGE, 'What?')\nRESULT=Loc(IMAGE, '{A}')", PICTURE)
    assert seen == [[answer]]
    seen.clear()
    session.execute("A=Vqa(IMAGE, 'What?')\nRESULT=Loc(IMAGE, 'a {A} dog, LEFT, cat,{A},{A}TOP')", PICTURE)
    assert [each for (each,) in seen] == [f"a {answer} dog", "cat", answer, f"{answer}TOP"]


@pytest.mark.parametrize("answer", ["", " ", "LEFT", "black, white", "None"])
def test_an_empty_answer_makes_no_word_special(answer: str) -> None:
    seen: list[Sequence[str]] = []
    session = looking(answer, seen)
    session.execute("A=Vqa(IMAGE, 'What?')\nRESULT=Loc(IMAGE, '{A}TOP, None{A}')", PICTURE)
    assert [each for (each,) in seen] == [f"{answer.strip()}TOP", f"None{answer.strip()}"]


@FEWER
@given(ANSWERS.filter(bool))
def test_an_answer_in_select_and_filter_is_one_description_whatever_it_is(answer: str) -> None:
    for call in ("Select(IMAGE, BOX, '{A}')", "Filter(IMAGE, BOX, '{A}')"):
        seen: list[Sequence[str]] = []
        session = looking(answer, seen)
        run = session.execute(
            f"A=Vqa(IMAGE, 'What?')\nBOX=Region(IMAGE, box=[1, 1, 5, 5])\nRESULT={call}", PICTURE
        )
        assert run.ok
        described = {text for (text,) in seen} - {"object", "things", "stuff", "texture", ""}
        assert described <= {answer}
        assert answer in {text for (text,) in seen}


@pytest.mark.parametrize("answer", ["LEFT", "TOP", "black, white", "None", "dog"])
@pytest.mark.parametrize("written", ["'{L}'", "['{A}']", "['{A}', '{A}']"])
def test_the_items_of_an_inserted_list_are_names_whatever_they_are(answer: str, written: str) -> None:
    seen: list[Sequence[str]] = []
    program = f"A=Vqa(IMAGE, 'What?')\nL=Vqa([IMAGE], 'What?')\nRESULT=Loc(IMAGE, {written})"
    run = looking(answer, seen).execute(program, PICTURE)
    assert {text for (text,) in seen} == {answer}
    assert set(labels_of(run)) == {answer}


@FEWER
@given(st.lists(ANSWERS.filter(bool), max_size=4))
def test_a_text_that_is_only_a_list_has_its_items(answers: list[str]) -> None:
    GIVEN[:] = [answers]
    run = asked([]).execute("L=GivenTexts(0)\nRESULT=Result(var='{L}')")
    assert run.result == answers
    whole = asked([]).execute("L=GivenTexts(0)\nRESULT=Vqa(IMAGE, ' {L}.')", PICTURE)
    assert whole.result == f"{', '.join(answers)}.".strip()


@FEWER
@given(st.integers(990, 1_010), st.text("ab,{}", max_size=3))
def test_a_long_value_is_cut_with_a_warning(length: int, text: str) -> None:
    GIVEN[:] = ["x" * length]
    program = f"A=Given(0)\nRESULT=Result(var='{doubled_braces(text)}{{A}}!')"
    run = asked([]).execute(program, PICTURE)
    assert run.result == text + "x" * min(length, 1_000) + "!"
    assert len(run.warnings) == (length > 1_000)


@FEWER
@given(ANSWERS, ANSWERS)
def test_phrases_are_split_at_written_commas_only(first: str, second: str) -> None:
    GIVEN[:] = [first, second]

    @tool("Phrases")
    def split(text: str) -> list[str]:
        """Return the phrases of a text, with a mark before those that are written."""
        return [f"{each.is_written}{each.text}" for each in phrases(text)]

    session = VisProg(tools=[give, split], memory=0)
    run = session.execute("A=Given(0)\nB=Given(1)\nRESULT=Phrases('{A},b, {B} c ,{A}{B}')")
    expected = [
        Phrase(first, False),
        Phrase("b", True),
        Phrase(f"{second} c".strip(), False),
        Phrase(first + second, False),
    ]
    assert run.result == [f"{each.is_written}{each.text}" for each in expected if each.text.strip()]
