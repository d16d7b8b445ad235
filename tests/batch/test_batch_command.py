"""`visprog batch` on the command line."""

from __future__ import annotations

import json
from pathlib import Path

from tests.batch.tasks_file import lines_of, write_tasks
from tests.command_line import ASTRONAUT, folder, visprog

__all__ = ["folder"]

FACES = {"id": "faces", "instruction": "How many faces are in the image?", "image": str(ASTRONAUT)}
CROP = {"id": "crop", "program": "A=FaceDet(IMAGE)\nRESULT=Crop(IMAGE, A)", "image": str(ASTRONAUT)}


def test_a_tasks_file_becomes_results(folder: Path) -> None:
    write_tasks(folder, FACES, CROP)
    out, err = visprog("batch", "tasks.jsonl", "--out", "out", "--save", "--traces", "--cache", "cache")
    assert out == "out/results.jsonl\n"
    assert err.endswith("2 tasks: 2 done, 0 failed\n")
    faces, crop = lines_of(folder / "out" / "results.jsonl")
    assert faces["result"] == 1
    assert (folder / "out" / crop["picture"]).is_file()
    assert (folder / "out" / "traces" / "faces.html").is_file()

    out, err = visprog("batch", "tasks.jsonl", "--out", "out", "--save", "--traces", "--json")
    assert json.loads(out)["performed"] == 0
    assert err.endswith("2 tasks: 2 done, 0 failed (2 finished by earlier commands)\n")

    _, err = visprog("batch", "tasks.jsonl", "--out", "out", status=2)
    assert "`--save` was given before, but is not now; `--traces` was given before, but is not now" in err
    visprog("batch", "tasks.jsonl", "--out", "out", "--allow-changes", "--cache", "cache")


def test_a_failed_task_changes_the_exit_status(folder: Path) -> None:
    write_tasks(folder, {"program": "RESULT=Eval('1 / 0')"})
    _, err = visprog("batch", "tasks.jsonl", "--out", "out", status=1)
    assert err.endswith("1 task: 0 done, 1 failed\n")
    _, err = visprog("batch", "tasks.jsonl", "--out", "out", "--retry-failed", status=1)
    assert err.endswith("1 task: 0 done, 1 failed\n")


def test_a_damaged_journal_is_reported_and_its_task_rerun(folder: Path) -> None:
    write_tasks(folder, *({"program": f"RESULT=Eval('{number}')"} for number in range(3)))
    visprog("batch", "tasks.jsonl", "--out", "out")
    journal, results = folder / "out" / "journal.jsonl", folder / "out" / "results.jsonl"
    lines, before = journal.read_bytes().splitlines(keepends=True), results.read_bytes()
    journal.write_bytes(b"".join([*lines[:3], b"\0" * 50 + b"\n", *lines[4:]]))
    out, err = visprog("batch", "tasks.jsonl", "--out", "out", "--json")
    assert "a line of the journal is damaged; the affected tasks were run again" in err
    assert (json.loads(out)["damaged"], json.loads(out)["performed"]) == (1, 1)
    assert results.read_bytes() == before


def test_invalid_lines_are_reported_and_nothing_is_created(folder: Path) -> None:
    write_tasks(folder, FACES, "{")
    _, err = visprog("batch", "tasks.jsonl", "--out", "out", status=2)
    assert "line 2: it is not JSON" in err
    assert [path.name for path in folder.iterdir()] == ["tasks.jsonl"]


def test_a_second_run_takes_everything_from_the_cache(folder: Path) -> None:
    (folder / "crop.vp").write_text(CROP["program"])
    statuses = []
    for number in (1, 2):
        visprog("exec", "crop.vp", ASTRONAUT, "-o", f"{number}.png", "--trace", "run.json", "--cache", "kept")
        statuses.append([step["status"] for step in json.loads((folder / "run.json").read_text())["steps"]])
    assert statuses == [["done", "done"], ["cached", "cached"]]
    assert (folder / "1.png").read_bytes() == (folder / "2.png").read_bytes()


def test_a_damaged_cache_is_reported_and_the_run_continues(folder: Path) -> None:
    (folder / "kept").mkdir()
    (folder / "kept" / "results.sqlite").write_text("no database" * 1_000)
    (folder / "six.vp").write_text("RESULT=Eval('6')")
    out, err = visprog("exec", "six.vp", "--cache", "kept")
    assert out == "6\n"
    assert "warning: kept/results.sqlite is damaged" in err
    _, err = visprog("exec", "six.vp", "--cache", "six.vp", status=2)
    assert "six.vp cannot be used as a cache" in err
