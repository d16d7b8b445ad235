"""A result that is a list of pictures is written to numbered files, which replace nothing."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tests.command_line import ASTRONAUT, folder, visprog
from visprog import Image, OutputError, UsageError, VisProg, load_image
from visprog.language.checked import Checked
from visprog.numbered_pictures import NumberedPictures
from visprog.results import check_output, save_result

__all__ = ["folder"]

EACH = "A=Region(image=IMAGE, box=[10, 20, 60, 80])\nRESULT=CropEach(image=IMAGE, object=A)"
PICTURES = [Image(np.full((4, 6 + n, 3), n, np.uint8)) for n in range(3)]


def checked(program: str = EACH) -> Checked:
    found = VisProg().check(program)
    assert found.ok, found.diagnostics
    return found


def names(path: Path) -> list[str]:
    return sorted(str(each.relative_to(path)) for each in path.rglob("*"))


@pytest.mark.parametrize(
    ("output", "found"),
    [
        ("out.png", ["out-1.png", "out-2.png", "out-3.png"]),
        ("out.jpg", ["out-1.jpg", "out-2.jpg", "out-3.jpg"]),
        ("new", ["new", "new/1.png", "new/2.png", "new/3.png"]),
        (".", ["1.png", "2.png", "3.png"]),
    ],
)
def test_pictures_are_numbered_from_one(output: str, found: list[str], tmp_path: Path) -> None:
    check_output(checked(), tmp_path / output, kept=False)
    files = save_result(PICTURES, tmp_path / output)
    assert names(tmp_path) == found
    assert [load_image(file).width for file in files] == [6, 7, 8]


@pytest.mark.parametrize("existing", ["out-1.png", "out-700.png", "OUT-2.PNG"])
def test_existing_numbered_files_are_not_replaced(existing: str, tmp_path: Path) -> None:
    (tmp_path / existing).write_text("mine")
    for taken in (
        lambda: check_output(checked(), tmp_path / "out.png", kept=False),
        lambda: save_result(PICTURES, tmp_path / "out.png"),
    ):
        with pytest.raises((UsageError, OutputError), match=f"{existing} exists already"):
            taken()
    assert names(tmp_path) == [existing]
    assert (tmp_path / existing).read_text() == "mine"


@pytest.mark.parametrize(
    "other", ["out.png", "out-x.png", "out-1.jpg", "shout-1.png", "1.png", "out-1.png.bak"]
)
def test_other_files_do_not_matter(other: str, tmp_path: Path) -> None:
    (tmp_path / other).write_text("mine")
    check_output(checked(), tmp_path / "out.png", kept=False)
    save_result(PICTURES, tmp_path / "out.png")
    assert (tmp_path / other).read_text() == "mine"


def test_a_link_with_a_numbered_name_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "photo.png").write_text("mine")
    (tmp_path / "out-2.png").symlink_to("photo.png")
    with pytest.raises(OutputError, match=r"out-2\.png exists already"):
        save_result(PICTURES, tmp_path / "out.png")
    assert (tmp_path / "photo.png").read_text() == "mine"


@pytest.mark.parametrize("output", ["new", "out.jpg"])
def test_a_failure_leaves_no_file(output: str, tmp_path: Path) -> None:
    wide = Image(np.zeros((1, 70_000, 3), np.uint8))  # JPEG has at most 65,535 columns
    files = NumberedPictures(tmp_path / "new" if output == "new" else tmp_path, "", ".jpg")
    with pytest.raises(OutputError, match="cannot be written as JPEG"):
        files.save([*PICTURES, wide])
    assert names(tmp_path) == []


def test_an_empty_list_writes_nothing(tmp_path: Path) -> None:
    assert save_result([], tmp_path / "out.png") == save_result([], tmp_path / "new") == []
    assert names(tmp_path) == []
    assert save_result([], tmp_path / "out.json") == [tmp_path / "out.json"]


def test_a_list_of_pictures_needs_files_unless_it_is_kept_elsewhere() -> None:
    with pytest.raises(UsageError, match="a list of pictures and needs files") as caught:
        check_output(checked(), None, kept=False)
    assert "`-o FOLDER`" in str(caught.value.help)
    check_output(checked(), None, kept=True)


@pytest.mark.parametrize("name", ["out.json", "out.txt", "out.vp"])
def test_other_files_cannot_store_pictures(name: str) -> None:
    with pytest.raises(
        UsageError, match=f"{name} cannot store the result, which is a list of pictures"
    ) as caught:
        check_output(checked(), Path(name), kept=False)
    assert "folder" in str(caught.value.help)


@pytest.mark.parametrize("program", ["RESULT=Loc(image=IMAGE, object='TOP')", "RESULT=Eval('1')"])
def test_a_folder_stores_only_lists_of_pictures(program: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder"):
        check_output(checked(program), tmp_path, kept=False)
    with pytest.raises(OutputError, match="is a folder, and the result is 1"):
        save_result(1, tmp_path)


def test_lists_of_regions_are_json(tmp_path: Path) -> None:
    program = "A=Loc(image=[IMAGE, IMAGE], object='TOP')\nRESULT=A"
    check_output(checked(program), tmp_path / "out.json", kept=False)
    for name in ("out.txt", "out.png"):
        with pytest.raises(UsageError, match="which is a list of sets of regions"):
            check_output(checked(program), tmp_path / name, kept=False)


def test_the_command_line_prints_the_files(folder: Path) -> None:
    Path("p.vp").write_text(EACH)
    assert visprog("exec", "p.vp", ASTRONAUT, "-o", "part.png")[0] == "part-1.png\n"
    assert visprog("exec", "p.vp", ASTRONAUT, "-o", "parts/")[0] == f"parts{os.sep}1.png\n"
    assert visprog("exec", "p.vp", ASTRONAUT, "-o", "parts", status=2)[0] == ""
    _, err = visprog("exec", "p.vp", ASTRONAUT, status=2)
    assert "add `-o FILE.png` for FILE-1.png" in err
    Path("q.vp").write_text(
        EACH.replace("A=", "B=")
        .replace("object=A", "object=C")
        .replace("\n", "\nC=Pick(object=B, place=9)\n")
    )
    out, err = visprog("exec", "q.vp", ASTRONAUT, "-o", "none.png")
    assert out == ""
    assert "the result is an empty list, so no file was written" in err
    assert names(folder) == ["p.vp", "part-1.png", "parts", "parts/1.png", "q.vp"]
