"""Result files: which file can store which result."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from visprog import Image, OutputError, UsageError, VisProg
from visprog.language.checked import Checked
from visprog.results import check_output, save_result

PROGRAMS = {
    "picture": "RESULT=Crop(image=IMAGE, object=OBJ0)",
    "regions": "RESULT=OBJ0",
    "number": "RESULT=Count(object=OBJ0)",
    "list": "RESULT=List(query='colours', max=3)",
}


def _checked(kind: str) -> Checked:
    return VisProg().check(f"OBJ0=Loc(image=IMAGE, object='dog')\n{PROGRAMS[kind]}")


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("picture", "out.png"),
        ("picture", "OUT.JPG"),
        ("regions", "out.json"),
        ("number", "out.txt"),
        ("number", "out.json"),
        ("list", "out.txt"),
        ("list", "out.json"),
    ],
)
def test_a_file_of_a_suitable_kind_is_accepted(kind: str, name: str) -> None:
    check_output(_checked(kind), Path(name), kept=False)


@pytest.mark.parametrize(
    ("kind", "name", "noun"),
    [
        ("picture", "out.txt", "a picture"),
        ("picture", "out", "a picture"),
        ("regions", "out.png", "regions"),
        ("regions", "out.txt", "regions"),
        ("number", "out.png", "not a picture"),
        ("list", "out.jpg", "a list"),
    ],
)
def test_a_file_of_another_kind_is_rejected_with_suitable_endings(kind: str, name: str, noun: str) -> None:
    with pytest.raises(UsageError, match=f"{name} cannot store the result, which is {noun}") as caught:
        check_output(_checked(kind), Path(name), kept=False)
    assert caught.value.help is not None
    assert caught.value.help.startswith("use a name that ends in .")


def test_a_picture_needs_a_file_unless_it_is_kept_elsewhere() -> None:
    with pytest.raises(UsageError) as caught:
        check_output(_checked("picture"), None, kept=False)
    assert caught.value.help == "add `-o FILE.png`"
    check_output(_checked("picture"), None, kept=True)
    check_output(_checked("number"), None, kept=False)


def test_a_value_that_a_picture_file_cannot_store_is_rejected_in_a_short_message(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"out.png cannot store the result, which is '(xx)+") as caught:
        save_result("x" * 100_000, tmp_path / "out.png")
    assert len(str(caught.value)) < 3_000
    assert list(tmp_path.iterdir()) == []


def test_results_are_written_by_the_ending_of_their_file(tmp_path: Path) -> None:
    save_result(Image(np.zeros((4, 6, 3), np.uint8)), tmp_path / "out.png")
    save_result(["a", 1], tmp_path / "out.json")
    save_result(["a", 1], tmp_path / "out.txt")
    assert (tmp_path / "out.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads((tmp_path / "out.json").read_text("utf-8")) == ["a", 1]
    assert (tmp_path / "out.txt").read_text("utf-8") == "a\n1\n"
