"""Braces in texts refer to variables; what else may stand in braces, and the advice for the rest."""

from __future__ import annotations

import re

import pytest

from tests.language.test_mutants import INPUTS, REGISTRY
from visprog.language.checked import Checked
from visprog.language.checker import check
from visprog.language.parser import parse
from visprog.language.program import Template, Variable

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
def test_braces_with_a_name_are_a_reference_that_the_step_depends_on(call: str) -> None:
    found = checked(f"{FIRST}RESULT={call.replace('{}', repr('What is the {A} here?'))}")
    assert found.ok
    assert "A" in found.steps[-1].uses
    assert [each.message for each in found.diagnostics if "`A`" in each.message] == []


@pytest.mark.parametrize("call", CALLS)
def test_braces_with_an_unknown_name_are_an_error(call: str) -> None:
    found = checked(f"{FIRST}RESULT={call.replace('{}', repr('the {UNKNOWN} one'))}").diagnostics
    fault = next(each for each in found if each.is_error)
    assert (fault.code, fault.message) == ("unknown-variable", "`UNKNOWN` is not defined")
    assert fault.help == (
        "the defined variables are `IMAGE`, `LEFT`, `RIGHT`, `A`, `BOX`; "
        "double the braces to keep them: `{{UNKNOWN}}`"
    )


@pytest.mark.parametrize(
    "text",
    [
        *["{A[0]}", "{len(A)}", "{A:.1f}", "{A.lower()}", "{A!r}", "{A B}", "{A", "{A and {B}"],
        *["{1 + A}", "{(A)}", "{'red' if A else 'blue'}", '{"A"}', "{['a', A]}"],
        *["{Z[0]}", "{len(Z)}", "{Z.name}", "{Z:.1f}", "{Z!r}", "{Z", "{Z }", "{Z\n}", "{é.}"],
        *["{not there}", "{Note: x}", "{dog, cat}", "{a b}"],
    ],
)
def test_other_braces_before_a_letter_or_with_a_variable_are_errors(text: str) -> None:
    found = checked(f"{FIRST}RESULT=Vqa(IMAGE, {text!r})").diagnostics
    faults = [each for each in found if each.is_error]
    assert faults[0].code == "text-reference"
    assert "only a name can stand here" in faults[0].message
    assert "Eval" in (faults[0].help or "")


@pytest.mark.parametrize(
    ("name", "advised"), [("BOX", "Count or Labels"), ("IMAGE", "Vqa or Caption"), ("LEFT", "Vqa or Caption")]
)
def test_pictures_and_regions_cannot_be_inserted(name: str, advised: str) -> None:
    found = [
        each for each in checked(f"{FIRST}RESULT=Vqa(IMAGE, 'a {{{name}}}')").diagnostics if each.is_error
    ]
    assert [each.code for each in found] == ["wrong-type"]
    assert advised in (found[0].help or "")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("{A}", [Variable("A")]),
        ("{ A }", [Variable("A")]),
        ("{A }", [Variable("A")]),
        ("{\nA}", [Variable("A")]),
        ("${A}", ["$", Variable("A")]),
        ("{A}{A}", [Variable("A"), Variable("A")]),
        ("{{{A}}}", ["{", Variable("A"), "}"]),
        ("{{x}} {A}", ["{x} ", Variable("A")]),
        ("a {A} b {}", ["a ", Variable("A"), " b {}"]),
        ("}{A}{", ["}", Variable("A"), "{"]),
    ],
)
def test_a_reference_is_part_of_a_template(text: str, parts: list[str | Variable]) -> None:
    step = checked(f"{FIRST}RESULT=Vqa(IMAGE, {text!r})").steps[-1]
    assert step.arguments["question"] == Template(tuple(parts))


@pytest.mark.parametrize(
    "text",
    [":-{", ":{)", "{}", "{ x }", "{ Z }", "{1}", "}{", "{", "A}", "{-A-}", "{:A}", "{ }", "{{}", "{5"],
)
def test_other_braces_are_part_of_the_text(text: str) -> None:
    assert not errors(f"{FIRST}RESULT=Vqa(IMAGE, {text!r})")


@pytest.mark.parametrize("name", ["EXIT", "A", "BOX"])
def test_doubled_braces_keep_a_word_in_braces(name: str) -> None:
    found = checked(f"{FIRST}RESULT=Vqa(IMAGE, 'the {{{{{name}}}}} sign')")
    assert found.ok
    literal = found.steps[-1].arguments["question"]
    assert str(literal) == f"'the {{{name}}} sign'"
    assert "A" not in found.steps[-1].uses


def test_doubled_braces_around_a_variable_are_a_warning() -> None:
    line = "RESULT=Vqa(IMAGE, 'What is {{A}}?')"
    found = [each for each in checked(FIRST + line).diagnostics if each.code == "text-reference"]
    assert [(each.severity, each.help) for each in found] == [("warning", "write `{A}` for the value")]
    assert line[found[0].span.column - 1 : found[0].span.end - 1] == "{{A}}"


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


@pytest.mark.parametrize("argument", ["'the %s' % A", "'the {}'.format(A)", "'the' * 3", "A + 3"])
def test_python_text_operations_are_errors_with_advice(argument: str) -> None:
    faults = [each for each in checked(f"{FIRST}RESULT=Vqa(IMAGE, {argument})").diagnostics if each.is_error]
    assert "{NAME}" in (faults[0].help or "") or "Eval" in (faults[0].help or "")


def test_texts_and_variables_that_are_joined_are_corrected_to_one_text() -> None:
    (found,) = (each for each in checked(f"{FIRST}RESULT=Vqa(IMAGE, 'the ' + A)").diagnostics if each.mended)
    assert found.mended == "RESULT=Vqa(IMAGE, 'the {A}')"


@pytest.mark.parametrize(
    "written",
    [
        "'the {UNKNOWN}'",
        "'it\\'s {UNKNOWN}'",
        "'\\n\\t{UNKNOWN}'",
        "'\\u00e9 {UNKNOWN}'",
        "'\\x41\\U0001F600{UNKNOWN}'",
        "'é 日本 {UNKNOWN}'",
        "'\\q {UNKNOWN}'",
        "f'a {UNKNOWN}'",
        '"it\'s {UNKNOWN}"',
        "'{{x}} {UNKNOWN}'",
    ],
)
def test_the_span_covers_the_braces_also_after_escapes(written: str) -> None:
    line = f"RESULT=Vqa(IMAGE, {written})"
    found = next(each for each in checked(FIRST + line).diagnostics if each.is_error)
    assert line[found.span.column - 1 : found.span.end - 1] == "{UNKNOWN}"


@pytest.mark.parametrize("prefix", ["f", "F"])
def test_the_prefix_of_a_python_format_string_is_ignored_with_a_warning(prefix: str) -> None:
    found = checked(f"{FIRST}RESULT=Vqa(image=IMAGE, question={prefix}'What is {{A}}?')")
    assert found.ok
    (mended,) = (each for each in found.diagnostics if each.code == "mended")
    assert mended.mended == "RESULT=Vqa(image=IMAGE, question='What is {A}?')"
    assert found.steps[-1].uses == ("IMAGE", "A")


@pytest.mark.parametrize("prefix", ["r", "b", "u"])
def test_other_prefixes_are_errors(prefix: str) -> None:
    found = [each for each in checked(f"{FIRST}RESULT=Vqa(IMAGE, {prefix}'x')").diagnostics if each.is_error]
    assert found[0].help == f"remove the prefix `{prefix}`"
