"""References to variables outside Eval are errors, and their suggestions give a program that works."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.language.test_mutants import INPUTS, REGISTRY
from visprog import VisProg
from visprog.language.checked import Checked
from visprog.language.checker import check
from visprog.language.parser import parse
from visprog.language.text_references import eval_call
from visprog.models.fake import FakeVisualQA

FIRST = "A=Vqa(image=IMAGE, question='What is it?')\nBOX=Loc(image=IMAGE, object='dog')\n"


def checked(program: str) -> Checked:
    return check(parse(program), REGISTRY, INPUTS)


def errors(program: str) -> list[str]:
    return [each.code for each in checked(program).diagnostics if each.is_error]


EVERY_TOOL = [
    "Vqa(image=IMAGE, question={})",
    "Loc(image=IMAGE, object={})",
    "Select(image=IMAGE, object=BOX, query={}, category=None)",
    "Select(image=IMAGE, object=BOX, query='dog', category={})",
    "Filter(object=BOX, query={})",
    "Replace(image=IMAGE, object=BOX, prompt={})",
    "List(query={}, max=3)",
    "Classify(image=IMAGE, object=BOX, categories=['dog', {}])",
    "Result(var=[[{}], 'b'])",
    "Tag(image=IMAGE, object=BOX, label={})",
]


def accepted(call: str) -> bool:
    return not errors(f"{FIRST}RESULT={call.replace('{}', repr('word'))}")


CALLS = [call for call in EVERY_TOOL if accepted(call)]


def test_most_tools_with_text_are_covered() -> None:
    assert len(CALLS) >= 7


@pytest.mark.parametrize("call", CALLS)
def test_braces_with_a_name_are_an_error_and_the_suggestion_works(call: str) -> None:
    text = "What is the {A}'s name?"
    found = checked(f"{FIRST}RESULT={call.replace('{}', repr(text))}").diagnostics
    assert [each.code for each in found if each.is_error] == ["text-reference"]
    advice = re.fullmatch(r"write `(.+)` first, and pass `(TEXT0)` (.+)", found[-1].help or "")
    assert advice is not None
    assert not errors(f"{FIRST}{advice[1]}\nRESULT={call.replace('{}', advice[2])}")


@pytest.mark.parametrize("call", CALLS)
def test_braces_with_an_unknown_name_are_an_error(call: str) -> None:
    found = checked(f"{FIRST}RESULT={call.replace('{}', repr('the {UNKNOWN} one'))}").diagnostics
    fault = next(each for each in found if each.is_error)
    assert fault.code == "text-reference"
    assert "`UNKNOWN` is not defined" in fault.message
    assert fault.help is not None
    assert fault.help.startswith(
        "write the words instead; the defined variables are `IMAGE`, `LEFT`, `RIGHT`, `A`, `BOX`"
    )


@pytest.mark.parametrize(
    "text",
    [
        *["{A[0]}", "{len(A)}", "{A:.1f}", "{A.lower()}", "{{A}}", "{A!r}", "{BOX}", "{IMAGE}"],
        *["{ A }", "{A }", "{\nA}", "${A}", "{1 + A}", "{(A)}", "{'red' if A else 'blue'}"],
        *["{Z[0]}", "{len(Z)}", "{Z.name}", "{Z:.1f}", "{Z!r}", "{{Z}}"],
    ],
)
def test_other_forms_of_references_are_errors(text: str) -> None:
    found = checked(f"{FIRST}RESULT=Vqa(IMAGE, {text!r})").diagnostics
    assert [each.code for each in found if each.is_error] == ["text-reference"]
    assert found[-1].help


@pytest.mark.parametrize(
    "text",
    [
        ":-{",
        ":{)",
        "{}",
        "{ x }",
        "{ Z }",
        "{not there}",
        "{Note: x}",
        "{1}",
        "}{",
        "{dog, cat}",
        "{a b}",
        "{",
        "A}",
        "{-A-}",
        "{:A}",
    ],
)
def test_other_braces_are_part_of_the_text(text: str) -> None:
    assert not errors(f"{FIRST}RESULT=Vqa(IMAGE, {text!r})")


def test_spaces_keep_the_braces_around_a_word() -> None:
    fault = next(
        each for each in checked("RESULT=Vqa(IMAGE, 'the {EXIT} sign')").diagnostics if each.is_error
    )
    advice = re.search("to keep the braces, add spaces: `(.+)`", fault.help or "")
    assert advice is not None
    assert not errors(f"RESULT=Vqa(IMAGE, 'the {advice[1]} sign')")


def test_the_suggestion_writes_doubled_braces_once() -> None:
    found = checked(f"{FIRST}RESULT=Vqa(IMAGE, 'What is {{{{A}}}}?')").diagnostics[-1]
    assert """`TEXT0=Eval("'What is {A}?'")`""" in (found.help or "")


@pytest.mark.parametrize(
    "expression",
    ["'{A[0]}'", "'the {len(A)}'", "'{A:.1f}'", "'a' + '{A + 1}'", "'{{A}}'", "'{{ A }} dogs' == 'x'"],
)
def test_braces_in_a_string_of_eval_contain_only_a_name(expression: str) -> None:
    line = f'RESULT=Eval("{expression}")'
    found = [each for each in checked(FIRST + line).diagnostics if each.is_error]
    assert [each.code for each in found] == ["text-reference"]
    braces = re.search(r"\{.*\}", line)
    assert braces is not None
    assert line[found[0].span.column - 1 : found[0].span.end - 1] == braces.group()


@pytest.mark.parametrize(
    "expression", ["'{A}'", "'{ A }'", "'{'", "'{}'", "'{not there}'", "'{' + {A} + '}'", "'{A}{A}'"]
)
def test_other_braces_in_a_string_of_eval_are_allowed(expression: str) -> None:
    assert not errors(f'{FIRST}RESULT=Eval("{expression}")')


@pytest.mark.parametrize("argument", ["'the %s' % A", "'the {}'.format(A)", "'the ' + A", "'the' * 3"])
def test_python_text_operations_get_a_hint_to_use_eval(argument: str) -> None:
    faults = [each for each in checked(f"{FIRST}RESULT=Vqa(IMAGE, {argument})").diagnostics if each.is_error]
    assert "only Eval builds text" in (faults[0].help or "")


def test_the_suggestions_for_two_texts_use_two_names() -> None:
    program = f"{FIRST}B=Vqa(IMAGE, 'the {{A}}')\nTEXT1=Count(BOX)\nRESULT=Vqa(IMAGE, 'a {{A}} {{B}}')"
    helps = [each.help or "" for each in checked(program).diagnostics if each.is_error]
    assert ["TEXT0=" in helps[0], "TEXT2=" in helps[1]] == [True, True]


def test_the_span_covers_the_braces() -> None:
    line = "RESULT=Vqa(IMAGE, 'the {A}')"
    found = checked(FIRST + line).diagnostics[-1]
    assert line[found.span.column - 1 : found.span.end - 1] == "{A}"


def test_a_string_with_a_prefix_gets_a_hint() -> None:
    found = checked(f"{FIRST}RESULT=Vqa(image=IMAGE, question=f'What is {{A}}?')").diagnostics
    assert "Eval(\"'What is {A}?'\")" in (found[0].help or "")


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="{}\n\r"), max_size=40))
def test_the_suggested_eval_call_inserts_the_values(words: str) -> None:
    program = f"A=Eval('7')\nRESULT={eval_call(words + '{A}' + words)}"
    run = VisProg(models={"visual_qa": FakeVisualQA({})}).execute(program)
    assert run.result == f"{words}7{words}"
