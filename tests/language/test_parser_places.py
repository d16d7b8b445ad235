"""Each slip is put right or reported at its place: rows of lines, what is read, and columns."""

from __future__ import annotations

import pytest

from visprog.language.parser import MAX_LINE, MAX_STEPS, MAX_TEXT, parse
from visprog.language.statement import MAX_NESTING


@pytest.mark.parametrize(
    ("line", "read", "mended"),
    [
        ("```python", "", [(1, 10)]),
        ("~~~ ", "", [(1, 5)]),
        (" ```", "", [(1, 5)]),
        ("Program: A=B", "A=B", [(1, 9)]),
        ("  program :A=B", "A=B", [(1, 12)]),
        ("1. A=B", "A=B", [(1, 4)]),
        ("12) A=B", "A=B", [(1, 5)]),
        (" 3: A=B", "A=B", [(1, 5)]),
        ("Step 4: A=B", "A=B", [(1, 9)]),
        ("step5. A=B", "A=B", [(1, 8)]),
        ("- A=B", "A=B", [(1, 3)]),
        ("* A=B", "A=B", [(1, 3)]),
        ("• A=B", "A=B", [(1, 3)]),
        ("`A=B`", "A=B", [(1, 2)]),
        (" `` A=B ``", "A=B", [(1, 4)]),
        ("`A=B", "A=B", [(1, 2)]),
        ("`# note`", "", [(1, 9)]),
        ("Program:", "", [(1, 9)]),
        ("Program: 1. `A=B`", "A=B", [(1, 14), (1, 14), (1, 14)]),
        ("A: Image = Loc(image=B)", "A=Loc(image=B)", [(2, 3)]),
        ("A: list[str] | None = Loc(image=B)", "A=Loc(image=B)", [(2, 3)]),
        ("A = Loc(image=B", "A=Loc(image=B)", [(16, 17)]),
        ("A = Loc(image=[B, C", "A=Loc(image=[B, C])", [(20, 21), (20, 21)]),
        ("A = Loc(image=[B, C)", "A=Loc(image=[B, C])", [(20, 21)]),
        ("A = Loc(image=B))", "A=Loc(image=B)", [(17, 18)]),
        ("A = Loc(image=B);", "A=Loc(image=B)", [(17, 18)]),
        ("A = Loc(image=B),;)", "A=Loc(image=B)", [(17, 18), (18, 19), (19, 20)]),
        ("A = Loc(B, C, image=D)", "A=Loc(B, C, image=D)", []),
        ("A = Loc(n=-3, m=+4.5, k=- 2)", "A=Loc(n=-3, m=4.5, k=-2)", []),
        ("A = Loc(s='it's a dog')", 'A=Loc(s="it\'s a dog")', [(11, 23)]),
        ("A = Loc(s='it's', t='a dog')", "A=Loc(s=\"it's\", t='a dog')", [(11, 17)]),
        ("A = Loc(s='the dog's bone', n=3)", 'A=Loc(s="the dog\'s bone", n=3)', [(11, 27)]),
        ("A = Loc(s=['it's', 'b'])", "A=Loc(s=[\"it's\", 'b'])", [(12, 18)]),
        ("A = Loc(s='a'b')", 'A=Loc(s="a\'b")', [(11, 16)]),
        ("A = Loc(s='\\ud800')", "A=Loc(s='\\\\ud800')", []),
        ("A = Loc(n=[1, [2, 'x'], B])", "A=Loc(n=[1, [2, 'x'], B])", []),
        ("A = Loc(n=[])", "A=Loc(n=[])", []),
        ("A = Loc(n=[1,])", "A=Loc(n=[1])", []),
        ("A = Loc(B,)", "A=Loc(B)", []),
        ("A = Loc()", "A=Loc()", []),
        ("A = Loc", "A=Loc", []),
        ("A = Loc(s='\\'')", 'A=Loc(s="\'")', []),
        ("A = Loc(s='a\\\\'b')", 'A=Loc(s="a\\\\\'b")', [(11, 18)]),
        ('A = Loc(s="say "no"")', "A=Loc(s='say \"no\"')", [(11, 21)]),
        ("# comment", "", []),
        ("A = B # comment", "A=B", []),
        ("\ufeffA=B", "A=B", []),
        ("", "", []),
        ("A=Loc(n=[[[[[[[[]]]]]]]])", "A=Loc(n=[[[[[[[[]]]]]]]])", []),
    ],
)
def test_a_line_is_read_and_what_is_put_right_is_marked(
    line: str, read: str, mended: list[tuple[int, int]]
) -> None:
    parsed = parse(line)
    assert parsed.ok
    assert str(parsed.program) == read
    assert {(each.code, each.severity) for each in parsed.diagnostics} <= {("mended", "warning")}
    assert [(each.span.column, each.span.end) for each in parsed.diagnostics] == mended
    assert {each.mended for each in parsed.diagnostics} <= {read or None}
    assert parsed.broken == frozenset()


@pytest.mark.parametrize(
    ("line", "code", "column", "end", "defines"),
    [
        ("```python A=B", "syntax", 4, 10, False),
        ("Programs: A=B", "syntax", 1, 9, False),
        ("1.A=B", "syntax", 1, 3, False),
        ("1. not a statement", "syntax", 1, 3, False),
        ("A=B`", "syntax", 4, 5, True),
        ("1. # note", "syntax", 1, 3, False),
        ("A: 'x' = Loc(image=B)", "syntax", 1, 2, False),
        ("A: Image = B", "syntax", 1, 2, False),
        ("A:Loc(image=B)", "syntax", 1, 2, False),
        ("A = Loc(image=B, ", "unclosed-bracket", 17, 18, True),
        ("A = Loc(image=B # note", "unclosed-bracket", 17, 18, True),
        ("A = Loc(image=[B, ", "unclosed-bracket", 18, 19, True),
        ("A = Loc(image=B) C", "syntax", 18, 19, True),
        ("A = Loc(image=B) + 1", "syntax", 18, 19, True),
        ("A = B + 1", "syntax", 7, 8, True),
        ("A = B and C", "syntax", 7, 10, True),
        ("Loc(image=B)", "syntax", 1, 4, False),
        ("A = 3", "syntax", 5, 6, True),
        ("A = 'x'", "syntax", 5, 8, True),
        ("A = [B]", "syntax", 5, 6, True),
        ("A = True", "syntax", 5, 9, True),
        ("A = -1", "syntax", 5, 6, True),
        ("True = B", "syntax", 1, 5, True),
        ("None = Loc()", "syntax", 1, 5, True),
        ("A", "syntax", 1, 2, False),
        ("= B", "syntax", 1, 2, False),
        ("A == B", "syntax", 1, 2, False),
        ("A = ", "syntax", 4, 5, True),
        ("A = ?", "syntax", 5, 6, True),
        ("A = Loc(image=B image=C)", "syntax", 17, 22, True),
        ("A = Loc(image=B, 'x')", "syntax", 18, 21, True),
        ("A = Loc(image=len(B))", "syntax", 18, 19, True),
        ("A = Loc(image=-B)", "syntax", 16, 17, True),
        ("A = Loc(n=-)", "syntax", 12, 13, True),
        ("A = Loc(n=1e999)", "syntax", 11, 16, True),
        ("A = Loc(s='open)", "unclosed-string", 11, 17, True),
        ('A = Loc(s="open)', "unclosed-string", 11, 17, True),
        ("A = Loc(s=“x”)", "syntax", 11, 12, True),
        ("A = Loc(s='a' 'b')", "syntax", 15, 18, True),
        ("A = Loc(s='a' b='c')", "syntax", 15, 16, True),
        ("A = Loc(s='a', b)", "syntax", 16, 17, True),
        ("A = Loc(n=[1 2])", "syntax", 14, 15, True),
        ("A = Loc(s=r'x')", "syntax", 12, 15, True),
        ("A = Loc(s='a' + 3)", "syntax", 15, 16, True),
        ("A = Loc(s='a' % B)", "syntax", 15, 16, True),
        ("A = Loc(s='a'.lower())", "syntax", 14, 15, True),
        ("A = Loc(s=B.size)", "syntax", 12, 13, True),
        ("A = Loc B", "syntax", 9, 10, True),
        ("A = Loc(s=B[0])", "syntax", 12, 13, True),
        ("A = Loc(n=1_000)", "syntax", 12, 16, True),
        ("A = Loc(image=B,, n=1)", "syntax", 17, 18, True),
        ("A = Loc(image=B; n=1)", "syntax", 16, 17, True),
        ("A = Loc(=B)", "syntax", 9, 10, True),
        ("A = Loc(image:B)", "syntax", 14, 15, True),
        ("A=Loc(n=[[[[[[[[[]]]]]]]]])", "syntax", 18, 19, True),
        ("A = Loc(s='\ud800')", "syntax", 11, 14, True),
    ],
)
def test_a_line_that_cannot_be_read_is_marked(
    line: str, code: str, column: int, end: int, defines: bool
) -> None:
    parsed = parse(line)
    (found,) = parsed.diagnostics
    assert not parsed.ok
    assert len(parsed.program) == 0
    assert (found.code, found.severity, found.span.column, found.span.end) == (code, "error", column, end)
    assert parsed.broken == ({line.split("=")[0].strip()} if defines else frozenset())


def test_lines_end_as_on_every_system() -> None:
    parsed = parse("\ufeffA = Loc(image=B)\n  B=C \r\nC=D\rD=?\n\nE=F")
    assert str(parsed.program) == "A=Loc(image=B)\nB=C\nC=D\nE=F"
    assert [step.span.line for step in parsed.program] == [1, 2, 3, 6]
    assert [each.span.line for each in parsed.diagnostics] == [4]
    assert parsed.broken == {"D"}


@pytest.mark.parametrize("line", ["STEP 3: A = ?", "step 3. A = ?", "3) A = ?", "- A = ?", "`A = ?", "  A=?"])
def test_a_line_that_cannot_be_read_defines_its_variable(line: str) -> None:
    parsed = parse(line)
    assert not parsed.ok
    assert parsed.broken == {"A"}


def test_a_line_may_be_as_long_as_the_limit() -> None:
    line = f"A=B #{'x' * (MAX_LINE - 5)}"
    assert len(line) == MAX_LINE
    assert str(parse(line).program) == "A=B"
    (found,) = parse(f"{line}x\nC=D").diagnostics
    assert (found.code, found.span.line, found.span.column, found.span.end) == ("too-long", 1, 1, MAX_LINE)
    assert str(parse(f"{line}x\nC=D").program) == "C=D"


def test_a_text_may_be_as_long_as_the_limit() -> None:
    text = "A=B\n" * 10 + "\n" * (MAX_TEXT - 40)
    assert len(parse(text).program) == 10
    parsed = parse(text + "\n")
    (found,) = parsed.diagnostics
    assert (found.code, found.span.line, found.span.column, found.span.end) == ("too-long", 1, 1, 2)
    assert len(parsed.program) == 0


def test_a_program_may_have_as_many_steps_as_the_limit() -> None:
    assert len(parse("A=B\n" * MAX_STEPS).program) == MAX_STEPS
    parsed = parse("A=B\n" * MAX_STEPS + "CD=E\nF=?")
    assert len(parsed.program) == MAX_STEPS
    assert [(each.code, each.span.line, each.span.column, each.span.end) for each in parsed.diagnostics] == [
        ("too-many-steps", MAX_STEPS + 1, 1, 5)
    ]


def test_lists_may_be_nested_as_deep_as_the_limit() -> None:
    assert parse(f"A=Loc(n={'[' * MAX_NESTING}{']' * MAX_NESTING})").ok
    (found,) = parse(f"A=Loc(n={'[' * (MAX_NESTING + 1)}{']' * (MAX_NESTING + 1)})").diagnostics
    assert found.span.column == 9 + MAX_NESTING + 1


def test_a_whole_number_may_have_256_bits() -> None:
    assert parse(f"A=Loc(n={2**256 - 1})").ok
    (found,) = parse(f"A=Loc(n={2**256})").diagnostics
    assert (found.span.column, found.span.end) == (9, 87)


def test_a_lone_surrogate_is_no_text() -> None:
    (found,) = parse("A = Loc(s='\ud800')").diagnostics
    assert (found.code, found.span.column, found.span.end) == ("syntax", 11, 14)
    assert parse("A = Loc(s='\ue000\ud7ff')").ok
