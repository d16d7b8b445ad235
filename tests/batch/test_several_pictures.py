"""A batch saves the pictures of a result that is a list of pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.batch.tasks_file import lines_of, output_files, write_picture, write_tasks
from visprog import UsageError, VisProg
from visprog.batch.engines import Options
from visprog.batch.runner import Summary, run_batch

SAVED = Options(pictures=True)


def task(name: str, picture: str, *boxes: str) -> dict[str, Any]:
    """Return a task whose result is a picture for each box."""
    named = [f"A{n}=Region(image=IMAGE, box={box})" for n, box in enumerate(boxes)]
    joined = [f"A{n}=Both(object=A{n - 1}, other=A{n})" for n in range(1, len(boxes))]
    last = f"A{len(boxes) - 1}"
    program = "\n".join([*named, *joined, f"RESULT=CropEach(image=IMAGE, object={last})"])
    return {"id": name, "program": program, "image": picture}


def batch(tasks: Path, out: Path, **options: Any) -> Summary:
    with VisProg(planner="examples") as session:
        return run_batch(session, tasks, out, SAVED, **options)


@pytest.fixture
def tasks(tmp_path: Path) -> Path:
    write_picture(tmp_path, "a.png", 7)
    return write_tasks(
        tmp_path,
        task("cat", "a.png", "[0, 0, 3, 3]", "[5, 2, 9, 7]"),
        task("cat,1", "a.png", "[0, 0, 3, 3]"),
        {"id": "cat-1", "program": "A=Loc(IMAGE, 'TOP')\nRESULT=Crop(IMAGE, A)", "image": "a.png"},
    )


def test_each_picture_has_a_file_that_no_other_task_writes(tasks: Path, tmp_path: Path) -> None:
    summary = batch(tasks, tmp_path / "out")
    assert summary.ok
    cat, other, single = lines_of(summary.results)
    assert cat["pictures"] == ["pictures/cat,1.png", "pictures/cat,2.png"]
    assert other["pictures"] == ["pictures/cat%2C1,1.png"]
    assert single["picture"] == "pictures/cat-1.png"
    assert [sorted(each) for each in cat["result"]] == [["digest", "height", "width"]] * 2
    saved = {f"pictures/{path.name}" for path in (tmp_path / "out" / "pictures").iterdir()}
    assert saved == {*cat["pictures"], *other["pictures"], single["picture"]}


@pytest.mark.parametrize("damage", ["unlink", "change", "link"])
def test_a_damaged_picture_is_written_again(damage: str, tasks: Path, tmp_path: Path) -> None:
    batch(tasks, tmp_path / "out")
    before = output_files(tmp_path / "out")
    path = tmp_path / "out" / "pictures" / "cat,2.png"
    path.unlink()
    if damage == "change":
        path.write_text("other")
    elif damage == "link":
        path.symlink_to(tmp_path / "a.png")
    again = batch(tasks, tmp_path / "out")
    assert again.performed == 1
    assert output_files(tmp_path / "out") == before
    assert batch(tasks, tmp_path / "out").performed == 0


def test_pictures_that_a_task_no_longer_has_are_deleted(tasks: Path, tmp_path: Path) -> None:
    batch(tasks, tmp_path / "out")
    write_tasks(tmp_path, task("cat", "a.png", "[0, 0, 3, 3]"))
    batch(tasks, tmp_path / "out", changes_allowed=True)
    names = {path.name for path in (tmp_path / "out" / "pictures").iterdir()}
    assert names == {"cat,1.png", "cat%2C1,1.png", "cat-1.png"}


@pytest.mark.parametrize("number", [1, 2, 99])
def test_an_input_picture_with_a_numbered_name_is_not_overwritten(
    number: int, tasks: Path, tmp_path: Path
) -> None:
    batch(tasks, tmp_path / "out")
    write_picture(tmp_path / "out" / "pictures", f"dog,{number}.png", 9)
    write_tasks(tmp_path, task("dog", f"out/pictures/dog,{number}.png", "[0, 0, 3, 3]", "[5, 2, 9, 7]"))
    before = output_files(tmp_path)
    with pytest.raises(UsageError, match=r"'dog' would be written to .* which is one of the input pictures"):
        batch(tasks, tmp_path / "out", changes_allowed=True)
    assert output_files(tmp_path) == before


@pytest.mark.parametrize("options", [Options(), SAVED])
def test_pictures_that_are_not_saved_are_reported(options: Options, tasks: Path, tmp_path: Path) -> None:
    warnings: list[str] = []
    with VisProg(planner="examples") as session:
        run_batch(session, tasks, tmp_path / "out", options, on_warning=warnings.append)
    assert len(warnings) == (options != SAVED)
    assert all("3 tasks seem to result in a picture" in each for each in warnings)
