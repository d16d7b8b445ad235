"""Any damaged program checks or gets diagnostics, and a program with errors runs no tool."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.language.mutation import mutants, sources
from visprog import ProgramError, Registry, VisProg
from visprog.engine.interpreter import Interpreter
from visprog.language.checked import Checked
from visprog.language.checker import check
from visprog.language.diagnostics import CODES, render, render_plain, to_json
from visprog.language.parser import parse
from visprog.language.program import lines_of
from visprog.language.types import Type
from visprog.modules import TOOLS

REGISTRY = Registry(TOOLS)
INPUTS = dict.fromkeys(("IMAGE", "LEFT", "RIGHT"), Type.IMAGE)


def assert_checks_or_is_diagnosed(text: str, tools: Registry = REGISTRY) -> Checked:
    checked = check(parse(text), tools, INPUTS)
    lines = lines_of(text)
    for each in checked.diagnostics:
        assert each.code in CODES
        assert each.message
        assert 1 <= each.span.line <= len(lines)
        assert 1 <= each.span.column < each.span.end
        assert to_json(each)["line"] == each.span.line
    render(checked.diagnostics, text).encode()
    render_plain(checked.diagnostics, text).encode()
    if checked.ok:
        again = check(parse(str(checked.program)), tools, INPUTS)
        assert again.ok
        assert again.program == checked.program
    else:
        assert any(each.is_error for each in checked.diagnostics)
    return checked


def test_every_mutant_checks_or_is_diagnosed() -> None:
    outcomes = [assert_checks_or_is_diagnosed(text).ok for text in mutants(3_000, seed=1)]
    assert 100 < sum(outcomes) < 2_900


@given(st.text(alphabet=st.characters(codec=None), max_size=400))
def test_any_text_checks_or_is_diagnosed(text: str) -> None:
    assert_checks_or_is_diagnosed(text)


@given(st.text(alphabet="{}()[]'\"=,AB01 \\n.+-*<>#xorif", max_size=120))
def test_any_mixture_of_language_characters_checks_or_is_diagnosed(text: str) -> None:
    assert_checks_or_is_diagnosed(f"A=Loc(image=IMAGE, object='x')\nRESULT=Eval({text})")


def test_at_most_thirty_unknown_names_get_a_suggestion() -> None:
    lines = [f"THING{i}=Loc(IMAGE, 'thing')" for i in range(150)]
    lines += [f"A{i}=Result([{', '.join(f'THINGS_{i}_{j}' for j in range(250))}])" for i in range(18)]
    found = check(parse("\n".join(lines)), REGISTRY, INPUTS).diagnostics
    errors = [each for each in found if each.is_error]
    assert len(errors) == 18 * 250
    assert len([each for each in errors if "did you mean" in (each.help or "")]) == 30


def test_no_tool_runs_if_the_program_has_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[str] = []
    session = VisProg()
    monkeypatch.setattr(Interpreter, "run", lambda *arguments: calls.append("run"))
    faulty = [text for text in mutants(300, seed=2) if not session.check(text).ok]
    assert len(faulty) > 100
    for text in faulty:
        with pytest.raises(ProgramError):
            session.execute(text, {"IMAGE": "no such file", "LEFT": "none", "RIGHT": "none"})
    assert not calls


def test_every_program_of_the_banks_parses_back_from_its_text() -> None:
    programs = sources()
    assert len(programs) >= 60
    for text in programs:
        assert str(parse(text).program) == text
