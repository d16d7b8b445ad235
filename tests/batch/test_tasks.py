"""The tasks file: the fields of a line, and the messages for invalid lines."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.batch.tasks_file import write_picture, write_tasks
from visprog import UsageError
from visprog.batch.tasks import Task, read_tasks
from visprog.batch.validation import check_tasks

ASK: dict[str, Any] = {"instruction": "How many?"}


def tasks(folder: Path, *lines: dict[str, Any] | str) -> list[Task]:
    file = write_tasks(folder, *lines)
    found = list(read_tasks(file))
    assert check_tasks(file).tasks == len(found)
    return found


def test_pictures_are_a_path_several_paths_or_paths_by_name(tmp_path: Path) -> None:
    one, two, named, none = tasks(
        tmp_path,
        {**ASK, "image": "a.png"},
        {**ASK, "images": ["a.png", "/b.png"]},
        {**ASK, "images": {"BEFORE": "sub/a.png"}},
        ASK,
    )
    assert one.pictures == {"IMAGE": tmp_path / "a.png"}
    assert two.pictures == {"LEFT": tmp_path / "a.png", "RIGHT": Path("/b.png")}
    assert named.pictures == {"BEFORE": tmp_path / "sub" / "a.png"}
    assert none.pictures == {}


def test_a_program_is_text_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "six.vp").write_text("RESULT=Eval('6')\n")
    text, file = tasks(tmp_path, {"program": "RESULT=Eval('5')"}, {"program": "six.vp"})
    assert (text.program, file.program) == ("RESULT=Eval('5')", "RESULT=Eval('6')\n")
    assert not check_tasks(tmp_path / "tasks.jsonl").has_instructions


def test_an_edited_program_is_read_again(tmp_path: Path) -> None:
    for text in ("RESULT=Eval('6')\n", "RESULT=Eval('7')\n"):
        (tmp_path / "number.vp").write_text(text)
        assert [each.program for each in tasks(tmp_path, *[{"program": "number.vp"}] * 2)] == [text, text]


def test_the_default_id_is_the_position(tmp_path: Path) -> None:
    found = tasks(tmp_path, ASK, "", {**ASK, "id": "kitchen/7"}, {**ASK, "task": "gqa"})
    assert [each.id for each in found] == [1, "kitchen/7", 3]
    assert [each.file_name for each in found] == ["1", "kitchen%2F7", "3"]
    assert [each.bank for each in found] == ["auto", "auto", "gqa"]


def test_ids_become_unique_visible_file_names(tmp_path: Path) -> None:
    ids = ("../../x", "..", ".", "%2E", "%252E", ".a.b", "a.b")
    names = [each.file_name for each in tasks(tmp_path, *({**ASK, "id": name} for name in ids))]
    assert names == ["%2E.%2F..%2Fx", "%2E.", "%2E", "%252E", "%25252E", "%2Ea.b", "a.b"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("{", "it is not JSON: Expecting property name enclosed in double quotes (column 2)"),
        ('{"instruction": "How?" "id": 1}', "it is not JSON: Expecting ',' delimiter (column 24)"),
        ("[" * 100_000, "it is nested too deeply"),
        ('{"id": ' + "1" * 5_000 + "}", "it is not JSON: Exceeds the limit"),
        ("[1]", "it is not a JSON object"),
        ({"image": "a.png"}, "it has neither `instruction` nor `program`"),
        ({"instrcution": "How?", "image": "a.png"}, "did you mean `instruction` instead of `instrcution`?"),
        ({**ASK, "program": "RESULT=Eval('1')"}, "give only one of them"),
        ({"instruction": "  "}, "`instruction` is empty or not text"),
        ({"instruction": 7}, "`instruction` is empty or not text"),
        ({**ASK, "image": "a.png", "images": "b.png"}, "it has `image` and `images`"),
        ({**ASK, "images": [7]}, "its pictures must be a path"),
        ({**ASK, "image": 7}, "its pictures must be a path"),
        ({**ASK, "images": {"my cat": "a.png"}}, "`my cat` is not a valid name for a picture"),
        ({**ASK, "task": "gqb"}, "unknown task 'gqb'"),
        ({**ASK, "task": ["gqa"]}, "unknown task"),
        ({**ASK, "id": 1}, "an earlier line has the same id 1"),
        ({**ASK, "id": "1"}, "an earlier line has the same id '1'"),
        ({**ASK, "id": ""}, "`id` is empty"),
        ({**ASK, "id": 1.5}, "`id` is neither text nor an integer"),
        ({**ASK, "id": True}, "`id` is neither text nor an integer"),
        ({**ASK, "id": "x" * 201}, "`id` is too long"),
        ('{"instruction": "How?", "id": "\\ud800"}', "`id` is not valid Unicode text"),
        ({"program": "none.vp"}, "does not exist"),
    ],
)
def test_an_invalid_line_is_reported_with_its_number(
    line: dict[str, Any] | str, reason: str, tmp_path: Path
) -> None:
    file = write_tasks(tmp_path, ASK, "", line, ASK)
    with pytest.raises(UsageError) as caught:
        check_tasks(file)
    assert "has 1 invalid line, so nothing was run\n  line 3: " in caught.value.message
    assert reason in caught.value.message


def test_up_to_twenty_invalid_lines_are_reported(tmp_path: Path) -> None:
    with pytest.raises(UsageError) as caught:
        check_tasks(write_tasks(tmp_path, *["{"] * 30))
    assert caught.value.message.count("  line ") == 20
    assert caught.value.message.endswith("  and 10 more")


def test_a_binary_missing_or_empty_file_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "binary.jsonl").write_bytes(b'{"instruction": "\xff"}\n')
    with pytest.raises(UsageError, match="line 1: it is not text in UTF-8"):
        check_tasks(tmp_path / "binary.jsonl")
    with pytest.raises(UsageError, match=r"the file .*none\.jsonl does not exist"):
        check_tasks(tmp_path / "none.jsonl")
    with pytest.raises(UsageError, match="contains no task"):
        check_tasks(write_tasks(tmp_path, ""))


def test_a_key_depends_on_the_task_its_pictures_and_the_configuration(tmp_path: Path) -> None:
    picture = write_picture(tmp_path, "a.png")
    line = {"id": "a", "instruction": "How many?", "image": "a.png"}
    (task,) = tasks(tmp_path, line)
    key = task.key(b"x")
    assert (
        tasks(tmp_path, {"id": "0", **ASK}, line)[1].key(b"x") == key
    )  # its position in the file does not matter
    others = [{**line, "id": "b"}, {**line, "instruction": "How?"}, {**line, "image": "b.png"}]
    others += [{**line, "task": "gqa"}, {"id": "a", "program": "How many?", "image": "a.png"}]
    assert key not in {tasks(tmp_path, other)[0].key(b"x") for other in others}
    assert task.key(b"y") != key
    os.utime(picture, ns=(1, 1))
    assert task.key(b"x") != key


def test_a_key_is_the_same_for_every_path_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "sub"
    folder.mkdir()
    write_picture(folder, "a.png")
    file = write_tasks(folder, {**ASK, "image": "a.png"})
    keys = {task.key(b"x") for task in read_tasks(file)}
    for place, path in ((tmp_path, "sub/tasks.jsonl"), (folder, "tasks.jsonl")):
        monkeypatch.chdir(place)
        keys |= {task.key(b"x") for task in read_tasks(Path(path))}
    assert len(keys) == 1
