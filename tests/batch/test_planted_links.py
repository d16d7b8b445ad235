"""Links and pipes instead of a batch's own files are neither followed nor waited for."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from tests.batch.tasks_file import write_tasks
from visprog import VisProg
from visprog.batch.engines import Options
from visprog.batch.runner import Summary, run_batch
from visprog.errors import OutputError, UsageError

ASTRONAUT = Path(__file__).parents[2] / "examples" / "images" / "astronaut.png"
EDIT = {
    "id": "edit",
    "program": "BOX=FaceDet(image=IMAGE)\nRESULT=ColorPop(image=IMAGE, object=BOX)",
    "image": str(ASTRONAUT),
}
FILES = ["pictures/edit.png", "traces/edit.html"]


def run(folder: Path) -> Summary:
    with VisProg(planner="examples") as session:
        file = write_tasks(folder, EDIT)
        return run_batch(session, file, folder / "out", options=Options(pictures=True, traces=True))


@pytest.mark.parametrize("name", ["pictures", "traces"])
@pytest.mark.parametrize("resumed", [True, False])
def test_a_folder_that_is_a_link_is_rejected(name: str, resumed: bool, tmp_path: Path) -> None:
    folder, target = tmp_path / "out" / name, tmp_path / "mine"
    target.mkdir()
    if resumed:
        run(tmp_path)
        folder.rename(tmp_path / "before")
    folder.parent.mkdir(exist_ok=True)
    folder.symlink_to(target)
    with pytest.raises(UsageError, match=f"{name} is a link"):
        run(tmp_path)
    assert not list(target.iterdir())


@pytest.mark.parametrize("name", FILES)
def test_a_saved_file_that_was_replaced_by_a_link_is_written_again(name: str, tmp_path: Path) -> None:
    run(tmp_path)
    path, target = tmp_path / "out" / name, tmp_path / "mine"
    target.write_bytes(path.read_bytes())
    before = target.stat().st_mtime_ns
    path.unlink()
    path.symlink_to(target)
    assert run(tmp_path).performed == 1
    assert not path.is_symlink()
    assert path.read_bytes()[:4] == target.read_bytes()[:4]
    assert target.stat().st_mtime_ns == before


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no named pipes in folders")
@pytest.mark.parametrize("name", FILES)
def test_a_pipe_instead_of_a_file_does_not_block(name: str, tmp_path: Path) -> None:
    run(tmp_path)
    path = tmp_path / "out" / name
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(OutputError, match="is a named pipe"):
        run(tmp_path)


def test_characters_that_reorder_text_are_escaped_in_the_results(tmp_path: Path) -> None:
    task = {"id": "\u202egnp", "program": "RESULT=Eval(\"'\u2066x'\")", "\u202ename": "\u200b\u202e"}
    with VisProg(planner="examples") as session:
        run_batch(session, write_tasks(tmp_path, task), tmp_path / "out")
    line = (tmp_path / "out" / "results.jsonl").read_text()
    assert not {*line} & {"\u202e", "\u2066", "\u200b"}
    assert json.loads(line)["id"] == task["id"]
    assert json.loads(line)["fields"] == {"\u202ename": "\u200b\u202e"}


@pytest.mark.parametrize("name", ["results.jsonl", "journal.jsonl"])
@pytest.mark.parametrize("dangling", [True, False])
def test_a_planted_link_is_rejected_and_never_followed(name: str, dangling: bool, tmp_path: Path) -> None:
    target, out = tmp_path / "mine.txt", tmp_path / "out"
    out.mkdir()
    if not dangling:
        target.write_text("mine")
    (out / name).symlink_to(target)
    file = write_tasks(tmp_path, {"program": "RESULT=Eval('1')"})
    with VisProg(planner="examples") as session, pytest.raises(UsageError, match="is a link"):
        run_batch(session, file, out)
    assert target.exists() != dangling
    assert dangling or target.read_text() == "mine"
