"""Before a program runs it is known whether its result fits the file that it should go to."""

from __future__ import annotations

from pathlib import Path

import pytest

from visprog import UsageError, VisProg
from visprog.files import OutputFile, check_output_files
from visprog.models.fake import FakeDetector, FakeVisualQA
from visprog.results import check_output

FOUND = "A=Loc(image=IMAGE, object='dog')\n"
PROGRAMS = {
    "picture": f"{FOUND}RESULT=Crop(image=IMAGE, object=A)",
    "regions": f"{FOUND}RESULT=A",
    "number": f"{FOUND}RESULT=Count(object=A)",
    "text": "RESULT=Vqa(image=IMAGE, question='What is it?')",
}


def check(kind: str, output: str | None, *, kept: bool = False) -> None:
    session = VisProg(models={"detector": FakeDetector({}), "visual_qa": FakeVisualQA({})})
    checked = session.check(PROGRAMS[kind])
    assert checked.ok
    check_output(checked, None if output is None else Path(output), kept=kept)


def test_a_picture_needs_a_file_or_another_place() -> None:
    check("picture", None, kept=True)
    check("picture", "a.png")
    with pytest.raises(UsageError, match="picture"):
        check("picture", None)


@pytest.mark.parametrize("kind", ["regions", "number", "text"])
def test_other_results_need_no_file(kind: str) -> None:
    check(kind, None)


@pytest.mark.parametrize(
    ("kind", "output"),
    [
        ("picture", "a.PNG"),
        ("picture", "a.jpg"),
        ("regions", "a.json"),
        ("number", "a.txt"),
        ("text", "a.json"),
    ],
)
def test_a_file_of_the_right_kind_is_taken(kind: str, output: str) -> None:
    check(kind, output)
    check(kind, output, kept=True)


@pytest.mark.parametrize(
    ("kind", "output"),
    [("picture", "a.txt"), ("picture", "a"), ("regions", "a.txt"), ("regions", "a.png"), ("number", "a.png")],
)
def test_a_file_of_another_kind_is_refused(kind: str, output: str) -> None:
    with pytest.raises(UsageError, match=output) as caught:
        check(kind, output)
    assert "." in str(caught.value.help)


def test_a_wrong_ending_is_answered_with_the_right_ones() -> None:
    with pytest.raises(UsageError) as caught:
        check_output_files(OutputFile("the trace", Path("a.txt"), (".html", ".json")))
    assert caught.value.help == "use the ending .html or .json"
