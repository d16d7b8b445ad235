from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visprog.language.parser import parse
from visprog.planner.extraction import extract_program, is_finished

PROGRAM = """OBJ0=FaceDet(image=IMAGE)
IMAGE0=Emoji(image=IMAGE, object=OBJ0, emoji='8)')
RESULT=IMAGE0"""
FIRST, SECOND, THIRD = PROGRAM.split("\n")

WRAPPED = {
    "alone": PROGRAM,
    "blank lines around": f"\n\n{PROGRAM}\n\n",
    "prose around": f"Here is the program for your picture:\n\n{PROGRAM}\n\nIt hides (all) faces.",
    "a code fence": f"```\n{PROGRAM}\n```",
    "a code fence with a language and prose": f"Sure:\n```python\n{PROGRAM}\n```\nRun it with `exec`.",
    "a fence of tildes": f"~~~vp\n{PROGRAM}\n~~~",
    "an unclosed fence": f"Sure!\n```python\n{PROGRAM}",
    "a heading": f"Program:\n{PROGRAM}",
    "a heading in the fence": f"```\nProgram:\n{PROGRAM}\n```",
    "a heading in bold": f"**Program:**\n\n{PROGRAM}",
    "a repeated instruction": f'Pictures: IMAGE\nInstruction: "Hide the face with 8)"\nProgram:\n{PROGRAM}',
    "a repeated instruction in the fence": f'```\nInstruction: "Hide it"\n\nProgram:\n{PROGRAM}\n```',
    "a thought": f"<think>\nOBJ0=Loc(image=IMAGE, object='face')?\n```\nX=Y(z=1)\n```\n</think>\n{PROGRAM}",
    "a thought without its start": f"I could use Loc.\nOBJ0=Seg(image=IMAGE)\n</think>\n\n{PROGRAM}",
    "another fence before": f"Install it:\n```bash\npip install visprog\n```\nThen:\n```\n{PROGRAM}\n```",
    "another fence after it": f"```\n{PROGRAM}\n```\nThe output is:\n```\nan image\n```",
    "a draft before": f"```\nOBJ0=Seg(image=IMAGE)\nRESULT=OBJ0\n```\nBetter:\n```\n{PROGRAM}\n```",
    "a draft before, without fences": f"OBJ0=Seg(image=IMAGE)\nNo, faces need FaceDet:\n{PROGRAM}",
    "one fence for each step": f"1. Faces:\n```\n{FIRST}\n```\n2. Emoji:\n```\n{SECOND}\n{THIRD}\n```",
    "prose between the steps": f"First, the faces:\n{FIRST}\nThen the emoji:\n{SECOND}\nAnd so:\n{THIRD}",
    "an invented example": f'{PROGRAM}\n\nInstruction: "Blur it"\nProgram:\nOBJ0=Seg(image=IMAGE)',
    "an invented example in fences": f"```\n{PROGRAM}\n```\nQuestion: What?\n```\nOBJ0=Seg(image=IMAGE)\n```",
    "a token that ends the turn": f"{PROGRAM}<|im_end|>",
    "a turn of the user": f"{PROGRAM}</s>\n<|im_start|>user\nOBJ0=Seg(image=IMAGE)",
    "a thought on the same line": f"[THINK]Count.[/THINK]{PROGRAM}",
    "a thought in a channel": "<|channel|>analysis<|message|>OBJ0=Loc(x=1)<|end|><|start|>assistant"
    f"<|channel|>final<|message|>{PROGRAM}<|return|>",
    "a thought between the steps": f"{FIRST}<think>now</think>{SECOND}\n{THIRD}",
    "program tags": f"<program>{PROGRAM}</program>",
    "program tags around a fence": f"<program>\n```python\n{PROGRAM}\n```\n</program>",
    "answer tags": f"The plan:\n<answer>\n{PROGRAM}\n</answer>\nEnjoy.",
    "tags of HTML": f"<pre><code class='x'>{PROGRAM}</code></pre>",
    "entities of HTML": f"<pre>{PROGRAM.replace(chr(39), '&#39;')}</pre>",
    "line breaks of HTML": PROGRAM.replace("\n", "<br>"),
    "a byte order mark": f"\ufeff{PROGRAM}",
    "zero-width spaces": PROGRAM.replace("=", "\u200b=\u2060"),
    "full-width punctuation": PROGRAM.translate(dict(zip(map(ord, "=(,"), "＝（，", strict=True))),
    "full-width quotes": PROGRAM.replace("'", "＇").replace(")\n", "）\n"),
    "a quote": "\n".join(f"> {line}" for line in PROGRAM.split("\n")),
    "an interpreter": "\n".join(f">>> {line}" for line in PROGRAM.split("\n")),
    "steps in bold": "\n".join(f"**Step {n}:** `{line}`" for n, line in enumerate(PROGRAM.split("\n"), 1)),
    "stressed list items": "\n".join(f"* **{line}**" for line in PROGRAM.split("\n")),
    "a table": "\n".join(f"| {n} | {line} |" for n, line in enumerate(PROGRAM.split("\n"), 1)),
    "a label on the same line": f"Here is the program: {PROGRAM}",
    "a short label on the same line": f"Answer: {PROGRAM}",
    "the language on the same line": f"```python {PROGRAM}\n```",
    "fences on the same lines": f"{PROGRAM}```",
    "an invented turn": f"{PROGRAM}\nUser: Blur it\nAssistant:\nOBJ0=Seg(image=IMAGE)",
    "JSON": json.dumps({"program": PROGRAM}),
    "JSON in a fence": f"```json\n{json.dumps({'steps': PROGRAM.split(chr(10))})}\n```",
    "JSON of steps": json.dumps([{"step": n, "code": line} for n, line in enumerate(PROGRAM.split("\n"))]),
    "Windows line endings": PROGRAM.replace("\n", "\r\n"),
}


@pytest.mark.parametrize("wrapping", WRAPPED)
def test_the_program_is_found_in_any_surrounding_text(wrapping: str) -> None:
    assert extract_program(WRAPPED[wrapping]) == PROGRAM


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "   \n",
        "I'm sorry, I cannot look at pictures.",
        "Use FaceDet(image) and then Emoji, as in x = 3 or so.",
        "```python\nimport cv2\nprint('hello')\n```",
        f"<think>{PROGRAM}",
        "Instruction: Hide the face with 8)\nProgram:\n",
    ],
)
def test_an_answer_without_a_program_gives_none(answer: str) -> None:
    assert extract_program(answer) is None


def test_strings_are_not_changed() -> None:
    program = "A＝Tag（image=IMAGE，text='（一，二）'）\nRESULT=Eval(expr='{A} < 3 <b> &lt; （')"
    assert extract_program(program) == (
        "A=Tag(image=IMAGE,text='（一，二）')\nRESULT=Eval(expr='{A} < 3 <b> &lt; （')"
    )


@pytest.mark.parametrize("type", ["Regions", "list[Region]", "dict[str, list[int]]", "Image | None", ""])
def test_a_type_after_a_name_is_left_to_the_parser(type: str) -> None:
    answer = f"Here:\nOBJ0: {type} = FaceDet(image=IMAGE)\nRESULT=OBJ0\nBye."
    found = extract_program(answer)
    assert found == f"OBJ0: {type} = FaceDet(image=IMAGE)\nRESULT=OBJ0"
    parsed = parse(found)
    assert str(parsed.program) == "OBJ0=FaceDet(image=IMAGE)\nRESULT=OBJ0"
    assert [fault.message for fault in parsed.diagnostics] == ["ignored the type"]


def test_a_name_in_capitals_before_a_type_is_not_a_label() -> None:
    program = "PLAN: Regions = Loc(image=IMAGE, object='dog')\nANSWER: int = Count(box=PLAN)"
    assert extract_program(program) == program


@pytest.mark.parametrize("word", ["</program>", "<|message|>", "<|channel|>", "<answer>", "<|im_end|>"])
def test_a_token_inside_a_string_is_kept(word: str) -> None:
    program = f"IMAGE0=Tag(image=IMAGE, text='{word}')\nRESULT=IMAGE0"
    assert extract_program(program) == program


def test_numbered_lines_are_left_to_the_parser() -> None:
    answer = "Steps:\n1. OBJ0=FaceDet(image=IMAGE)\n2. RESULT=OBJ0\nDone."
    assert extract_program(answer) == "1. OBJ0=FaceDet(image=IMAGE)\n2. RESULT=OBJ0"


def test_a_call_on_several_lines_is_joined_into_one() -> None:
    answer = (
        "```\nOBJ1=Select(\n    image=IMAGE,\n    object=OBJ0,\n    query='a (red) car'\n)\nRESULT=OBJ1\n```"
    )
    expected = "OBJ1=Select( image=IMAGE, object=OBJ0, query='a (red) car' )\nRESULT=OBJ1"
    assert extract_program(answer) == expected


def test_a_missing_bracket_does_not_join_the_next_statement() -> None:
    answer = "OBJ0=Loc(image=IMAGE, object='dog',\nRESULT=Count(object=OBJ0)"
    assert extract_program(answer) == answer


def test_a_faulty_line_inside_a_fence_is_left_to_the_parser() -> None:
    program = "OBJ0=FaceDet(image=IMAGE)\nOBJ1 := Loc image\nRESULT=OBJ0"
    assert extract_program(f"```\n{program}\n```") == program


def test_an_assignment_of_a_plain_value_is_left_to_the_parser() -> None:
    program = "QUERY='dog'\nRESULT=Loc(image=IMAGE, object=QUERY)"
    assert extract_program(f"Here:\n{program}\nBye.") == program


@pytest.mark.parametrize(
    "piece",
    [
        "x",
        "<think>",
        "</think>",
        "X=Y(",
        "X=Y(a,\n",
        "a,\n",
        "```\n",
        "Y()) ",
        "X=Y('",
        "* ",
        "1. ",
        "Program: ",
        " ",
        "<code>",
        "&lt;",
        "A：",
        "A: B[",
    ],
)
def test_a_very_long_answer_is_read_in_linear_time(piece: str) -> None:
    """In quadratic time it would take minutes."""
    answer = "X=Y(\n" + piece * (300_000 // len(piece))
    found = extract_program(answer)
    assert found is None or len(found) <= len(answer)


NAMES = st.from_regex(r"[A-Z]{1,6}[0-9]?", fullmatch=True)
CALLS = st.builds(
    "{}({}={!r})".format,
    st.from_regex(r"[A-Z][a-z]{1,6}", fullmatch=True),
    st.from_regex(r"[a-z]{1,6}", fullmatch=True),
    st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=20),
)
PROGRAMS = st.lists(st.tuples(NAMES, CALLS), min_size=1, max_size=6, unique_by=lambda step: step[0]).map(
    lambda steps: "\n".join(f"{name}={call}" for name, call in steps)
)
PROSE = st.lists(st.from_regex(r"[A-Z][a-z]{0,8}( [a-z]{1,8}){1,6}[.!:]", fullmatch=True), max_size=3)


@given(PROGRAMS, PROSE, PROSE, st.sampled_from(["{}", "```\n{}\n```", "```python\n{}\n```"]))
def test_any_program_is_extracted_unchanged_from_any_prose(
    program: str, before: list[str], after: list[str], fence: str
) -> None:
    answer = "\n".join([*before, fence.replace("{}", program), *after])
    assert extract_program(answer) == program


@given(st.text())
def test_extraction_never_fails_and_never_returns_blank_text(answer: str) -> None:
    found = extract_program(answer)
    assert found is None or found.strip()


@pytest.mark.parametrize(
    "answer",
    [
        "A=Vqa(image=IMAGE, question='red?')\nRESULT=A\n",
        "RESULT = Vqa(image=IMAGE, question='red?')\nand more",
        "FINAL_RESULT=A\n",
        "FINAL_ANSWER=A\n",
        "Program:\n```\nRESULT=A\n",
        "<think>RESULT=B\n</think>\nRESULT=A\n",
        "1. RESULT=A\n",
        "RESULT=Vqa(\n  image=IMAGE,\n  question='red?'\n)\n",
    ],
)
def test_an_answer_is_finished_after_its_result(answer: str) -> None:
    assert is_finished(answer)


@pytest.mark.parametrize(
    "answer",
    [
        "",
        "RESULT=A",
        "A=Vqa(image=IMAGE, question='RESULT=')\n",
        "A=Vqa(image=IMAGE, question='say\nRESULT=x')\n",
        "The RESULT is what counts.\n",
        "<think>\nRESULT=A\n",
        "RESULT=Vqa(\n  image=IMAGE,\n",
        "RESULTS=A\nMY_RESULT=A\nRESULT0=A\n",
        "RESULT == 3\n",
    ],
)
def test_an_answer_is_unfinished_before_the_end_of_its_result(answer: str) -> None:
    assert not is_finished(answer)
