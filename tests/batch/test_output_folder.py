"""A batch overwrites neither its inputs nor the files of others, and leaves a clean folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.batch.tasks_file import lines_of, write_picture, write_tasks
from visprog import UsageError, VisProg
from visprog.batch.engines import Options
from visprog.batch.outcome import Outcome
from visprog.batch.runner import Summary, run_batch
from visprog.models.usage import Tokens

SAVED = Options(pictures=True)
TRACED = Options(traces=True)


def task(name: str, picture: str) -> dict[str, Any]:
    return {"id": name, "program": "A=Loc(IMAGE, 'TOP')\nRESULT=BgBlur(IMAGE, A)", "image": picture}


def batch(tasks: Path, out: Path, options: Options = SAVED) -> Summary:
    with VisProg(planner="examples") as session:
        return run_batch(session, tasks, out, options)


def rejected(tasks: Path, out: Path, options: Options = SAVED) -> str:
    """Return the message of a batch that is rejected and changes no file."""
    before = contents(tasks.parent)
    with pytest.raises(UsageError) as caught:
        batch(tasks, out, options)
    assert contents(tasks.parent) == before
    return caught.value.message


def contents(folder: Path) -> dict[Path, bytes | None]:
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """A folder with a photograph in `pictures`, and with a batch that saved no pictures."""
    (tmp_path / "pictures").mkdir()
    write_picture(tmp_path, "pictures/hide.png", 7)
    batch(write_tasks(tmp_path, {"program": "RESULT=Eval('1')"}), tmp_path, Options())
    return tmp_path


@pytest.mark.parametrize("given", [["pictures/hide.png", "b.png"], ["a.png", "pictures/hide.png"]])
def test_no_input_picture_is_overwritten(given: list[str], photographs: Path) -> None:
    tasks = write_tasks(photographs, *map(task, ("hide", "blur"), given))
    message = rejected(tasks, photographs)
    assert "'hide' would be written to" in message
    assert "is one of the input pictures" in message


def test_paths_are_compared_by_their_targets(photographs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(photographs)
    (photographs / "album").symlink_to("pictures")
    (photographs / "face.png").symlink_to(photographs / "pictures" / "hide.png")
    for given in ("album/hide.png", "face.png", "album/../pictures/hide.png", str(photographs / "face.png")):
        write_tasks(photographs, task("hide", given))
        for tasks, out in ((Path("tasks.jsonl"), Path()), (photographs / "tasks.jsonl", photographs)):
            assert "is one of the input pictures" in rejected(tasks, out)


@pytest.mark.parametrize(("subfolder", "ending"), [("pictures", ".png"), ("traces", ".html")])
def test_a_link_to_an_input_picture_is_rejected(subfolder: str, ending: str, tmp_path: Path) -> None:
    options = SAVED if subfolder == "pictures" else TRACED
    write_picture(tmp_path, "face.png")
    tasks = write_tasks(tmp_path, task("hide", "face.png"))
    batch(tasks, tmp_path / "out", options)
    path = tmp_path / "out" / subfolder / f"hide{ending}"
    path.unlink()
    path.symlink_to(tmp_path / "face.png")
    assert "is one of the input pictures" in rejected(tasks, tmp_path / "out", options)


def test_other_pictures_in_the_output_folder_may_be_inputs(photographs: Path) -> None:
    tasks = write_tasks(photographs, task("blurred", "pictures/hide.png"))
    with VisProg(planner="examples") as session:
        summary = run_batch(session, tasks, photographs, SAVED, changes_allowed=True)
    assert lines_of(summary.results)[0]["picture"] == "pictures/blurred.png"


@pytest.mark.parametrize("name", ["results.jsonl", "journal.jsonl"])
def test_the_tasks_file_is_not_overwritten(name: str, tmp_path: Path) -> None:
    tasks = write_tasks(tmp_path, {"program": "RESULT=Eval('1')"}).rename(tmp_path / name)
    assert f"the batch would overwrite it with its {name}" in rejected(tasks, tmp_path)
    (tmp_path / "link.jsonl").symlink_to(name)
    assert f"the batch would overwrite it with its {name}" in rejected(tmp_path / "link.jsonl", tmp_path)


@pytest.mark.parametrize("name", ["results.jsonl", "pictures/cat.png", "traces/cat.html"])
def test_a_folder_with_other_files_is_rejected(name: str, tmp_path: Path) -> None:
    path = tmp_path / "out" / name
    path.parent.mkdir(parents=True)
    path.write_text("from another program")
    tasks = write_tasks(tmp_path, {"program": "RESULT=Eval('1')"})
    message = rejected(tasks, tmp_path / "out", Options(pictures=True, traces=True))
    assert f"out contains {name.partition('/')[0]}" in message
    assert "no journal of a batch" in message


def test_a_subfolder_that_will_not_be_written_may_have_content(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    write_picture(tmp_path, "pictures/cat.png")
    tasks = write_tasks(tmp_path, {"program": "RESULT=Eval('1')"})
    assert batch(tasks, tmp_path, TRACED).ok
    assert batch(tasks, tmp_path, TRACED).performed == 0


def test_an_invalid_path_fails_when_its_task_is_run(tmp_path: Path) -> None:
    tasks = write_tasks(tmp_path, task("a", "nul\0.png"), task("b", "\ud800/.."))
    assert batch(tasks, tmp_path / "out").failed == 2


@pytest.mark.parametrize("damage", [b"", b"damaged", None])
@pytest.mark.parametrize("name", ["pictures/a.png", "traces/a.html"])
def test_a_saved_file_that_was_emptied_or_damaged_is_written_again(
    name: str, damage: bytes | None, tmp_path: Path
) -> None:
    write_picture(tmp_path, "in.png", 3)
    file = write_tasks(
        tmp_path,
        {"id": "a", "program": "A=Loc(IMAGE, 'TOP')\nRESULT=Crop(IMAGE, A)", "image": "in.png"},
    )
    path, options = tmp_path / "out" / name, Options(pictures=True, traces=True)

    def run() -> int:
        with VisProg(planner="examples") as session:
            return run_batch(session, file, tmp_path / "out", options).performed

    assert (run(), run()) == (1, 0)
    whole = path.read_bytes()
    flipped = whole[:-20] + bytes([whole[-20] ^ 1]) + whole[-19:]
    path.write_bytes(flipped if damage is None else damage)
    assert (run(), run()) == (1, 0)
    assert len(path.read_bytes()) > len(whole) // 2
    if name == "pictures/a.png":
        assert path.read_bytes() == whole


def test_leftovers_are_removed_and_permissions_are_kept(tmp_path: Path) -> None:
    out, options = tmp_path / "out", Options(pictures=True)
    write_picture(tmp_path, "in.png", 3)
    file = write_tasks(tmp_path, {"program": "RESULT=Eval('1')"})
    with VisProg(planner="examples") as session:
        run_batch(session, file, out, options)
        (out / "results.jsonl").chmod(0o600)
        (out / "journal.jsonl").chmod(0o640)
        for name in (".visprog-00.part", "pictures/.visprog-11.part"):
            (out / name).write_text("half")
        (out / "pictures" / "mine.part").write_text("another file")
        run_batch(session, file, out, options)
    assert sorted(path.name for path in out.rglob("*")) == [
        "journal.jsonl", "mine.part", "pictures", "results.jsonl",
    ]  # fmt: skip
    modes = [(out / name).stat().st_mode & 0o777 for name in ("results.jsonl", "journal.jsonl")]
    assert modes == [0o600, 0o640]


def test_an_engine_that_cannot_start_leaves_nothing(tmp_path: Path) -> None:
    def broken(*_: Any) -> Any:
        yield from ()
        raise UsageError("it does not start")

    file = write_tasks(tmp_path, {"program": "RESULT=Eval('1')"})
    options = Options(pictures=True, traces=True)
    with VisProg(planner="examples") as session:
        for out in (tmp_path / "out", tmp_path / "deep" / "er"):
            with pytest.raises(UsageError, match="does not start"):
                run_batch(session, file, out, options, engine=broken)
        (tmp_path / "there").mkdir()
        with pytest.raises(UsageError, match="does not start"):
            run_batch(session, file, tmp_path / "there", options, engine=broken)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["tasks.jsonl", "there"]
    assert not list((tmp_path / "there").iterdir())


def test_finished_tasks_stay_when_the_engine_fails(tmp_path: Path) -> None:
    def one(assignment: Any, jobs: Any) -> Any:
        yield next(jobs), Outcome({"id": 1, "ok": True, "result": 1}, 0.0, Tokens())
        raise UsageError("it has failed")

    file = write_tasks(tmp_path, *[{"program": "RESULT=Eval('1')"}] * 2)
    with VisProg(planner="examples") as session:
        with pytest.raises(UsageError, match="has failed"):
            run_batch(session, file, tmp_path / "out", engine=one)
        assert run_batch(session, file, tmp_path / "out").performed == 1
