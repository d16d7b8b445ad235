"""The structure of the 55 programs that were published with VisProg: which tools use which results.

The objects and questions are not the published ones, as they do not affect the number of model calls.
"""

from __future__ import annotations

from collections.abc import Iterator

QUESTIONS_ABOUT_A_PAIR = (6, 2, 2, 2, 4, 2, 1, 4, 6, 1, 1, 2)
"""The number of Vqa steps in each program for NLVR. They ask about the left and right picture in turn."""

SHAPES = """
gqa 4
H=Loc(IMAGE, 'TOP')
I=Crop(IMAGE, H)
A=Loc(I, 'hat')
N=Count(A)
RESULT=Eval('{N} > 0')

gqa 1
A=Loc(IMAGE, 'hat')
B=Loc(IMAGE, 'cup')
M=Count(A)
N=Count(B)
C=Eval('{M} + {N} > 0')
RESULT=ANSWER

gqa 3
A=Loc(IMAGE, 'hat')
I=Crop(IMAGE, A)
RESULT=Vqa(I, 'Whose is it?')

gqa 3
RESULT=Vqa(IMAGE, 'Why?')

gqa 1
H=Loc(IMAGE, 'LEFT')
I=Crop(IMAGE, H)
A=Loc(I, 'hat')
J=CropRight(I, A)
B=Loc(J, 'cup')
N=Count(B)
RESULT=Eval('{N} > 0')

gqa 6
A=Loc(IMAGE, 'hat')
I=CropBehind(IMAGE, A)
B=Loc(I, 'cup')
N=Count(B)
RESULT=Eval('{N} > 0')

gqa 2
A=Loc(IMAGE, 'hat')
I=Crop(IMAGE, A)
B=Loc(IMAGE, 'cup')
J=Crop(IMAGE, B)
M=Vqa(I, 'Whose is the hat?')
N=Vqa(J, 'Whose is the cup?')
RESULT=Eval('{M} == {N}')

knowtag 5
A=FaceDet(IMAGE)
L=List('owners', 5)
B=Classify(IMAGE, A, L)
RESULT=Tag(IMAGE, B)

knowtag 8
A=Loc(IMAGE, 'hat')
L=List('owners', 5)
B=Classify(IMAGE, A, L)
RESULT=Tag(IMAGE, B)

imgedit 1
A=FaceDet(IMAGE)
B=Select(IMAGE, A, 'my aunt')
RESULT=Emoji(IMAGE, B, 'smiling_face')

imgedit 1
A=FaceDet(IMAGE)
B=Select(IMAGE, A, 'my aunt')
I=Emoji(IMAGE, B, 'winking_face')
C=Select(IMAGE, A, 'my uncle')
RESULT=Emoji(I, C, 'smiling_face')

imgedit 4
A=Seg(IMAGE)
B=Select(IMAGE, A, 'my aunt')
RESULT=ColorPop(IMAGE, B)

imgedit 1
A=Seg(IMAGE)
B=Select(IMAGE, A, 'my aunt')
RESULT=BgBlur(IMAGE, B)

imgedit 2
A=Seg(IMAGE)
B=Select(IMAGE, A, 'my aunt')
RESULT=Replace(IMAGE, B, 'a tree')

imgedit 1
A=Seg(IMAGE)
B=Select(IMAGE, A, 'my aunt')
I=Replace(IMAGE, B, 'a tree')
C=Seg(I)
D=Select(I, C, 'my uncle')
RESULT=Replace(I, D, 'a bush')
"""
"""The other structures, with their number of programs. One ends, as published, with an undefined name."""


def paper_programs() -> Iterator[tuple[str, str]]:
    """Yield the task and the text of each of the 55 programs."""
    for questions in QUESTIONS_ABOUT_A_PAIR:
        names = [f"A{number}" for number in range(questions)]
        lines = [
            f"{name}=Vqa({('LEFT', 'RIGHT')[number % 2]}, 'Is it so, {number // 2}?')"
            for number, name in enumerate(names)
        ]
        answers = " and ".join(f"{{{name}}}" for name in names)
        yield "nlvr", "\n".join([*lines, f"RESULT=Eval('{answers}')"])
    for shape in SHAPES.strip().split("\n\n"):
        head, _, program = shape.partition("\n")
        task, times = head.split()
        yield from [(task, program)] * int(times)
