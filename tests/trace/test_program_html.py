"""The parts of a page that depend on the program alone."""

from __future__ import annotations

from visprog.language.checked import Checked
from visprog.language.checker import check
from visprog.language.parser import parse
from visprog.language.types import Type
from visprog.tools import Registry, tool
from visprog.trace.program_html import program_html
from visprog.values import Image


@tool("Vqa")
def vqa(image: Image, question: str) -> str:
    """Answer a question."""
    raise NotImplementedError


def _checked(program: str) -> Checked:
    return check(parse(program), Registry((vqa,)), {"IMAGE": Type.IMAGE})


def test_the_parts_of_a_program_are_kept_for_its_next_page() -> None:
    checked = _checked("A=Vqa(image=IMAGE, question='q')")
    assert program_html(checked) is program_html(checked)
    assert program_html(checked) is not program_html(_checked("A=Vqa(image=IMAGE, question='q')"))


def test_the_parts_of_only_a_few_programs_are_kept() -> None:
    programs = [_checked(f"A=Vqa(image=IMAGE, question='{number}')") for number in range(40)]
    before = [program_html(each) for each in programs]
    assert program_html(programs[-1]) is before[-1]
    assert program_html(programs[0]) is not before[0]


def test_links_lead_to_the_first_steps_that_use_a_variable() -> None:
    steps = "\n".join(f"B{number}=Vqa(image=IMAGE, question=A)" for number in range(25))
    links = program_html(_checked(f"A=Vqa(image=IMAGE, question='q')\n{steps}")).used_by["A"]
    assert links.startswith('<a class="variable" href="#step-2">B0</a>, <a')
    assert links.endswith('<a class="variable" href="#step-21">B19</a> and 5 more')
