"""Where a batch writes: over nothing that it was given, and nothing of others."""

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


def refused(tasks: Path, out: Path, options: Options = SAVED) -> str:
    """Return with what words a batch is refused; it changes no file and makes none."""
    before = contents(tasks.parent)
    with pytest.raises(UsageError) as caught:
        batch(tasks, out, options)
    assert contents(tasks.parent) == before
    return caught.value.message


def contents(folder: Path) -> dict[Path, bytes | None]:
    return {path: path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


@pytest.fixture
def photographs(tmp_path: Path) -> Path:
    """A folder whose `pictures` hold a photograph, and where a batch was begun that kept none."""
    (tmp_path / "pictures").mkdir()
    write_picture(tmp_path, "pictures/hide.png", 7)
    batch(write_tasks(tmp_path, {"program": "RESULT=Eval('1')"}), tmp_path, Options())
    return tmp_path


@pytest.mark.parametrize("given", [["pictures/hide.png", "b.png"], ["a.png", "pictures/hide.png"]])
def test_no_given_picture_is_written_over(given: list[str], photographs: Path) -> None:
    tasks = write_tasks(photographs, *map(task, ("hide", "blur"), given))
    said = refused(tasks, photographs)
    assert "'hide' would be written to" in said
    assert "is one of the input pictures" in said


def test_paths_are_compared_by_where_they_lead(photographs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(photographs)
    (photographs / "album").symlink_to("pictures")
    (photographs / "face.png").symlink_to(photographs / "pictures" / "hide.png")
    for given in ("album/hide.png", "face.png", "album/../pictures/hide.png", str(photographs / "face.png")):
        write_tasks(photographs, task("hide", given))
        for tasks, out in ((Path("tasks.jsonl"), Path()), (photographs / "tasks.jsonl", photographs)):
            assert "is one of the input pictures" in refused(tasks, out)


@pytest.mark.parametrize(("kept", "ending"), [("pictures", ".png"), ("traces", ".html")])
def test_a_link_is_followed_to_what_would_be_written_over(kept: str, ending: str, tmp_path: Path) -> None:
    options = SAVED if kept == "pictures" else TRACED
    write_picture(tmp_path, "face.png")
    tasks = write_tasks(tmp_path, task("hide", "face.png"))
    batch(tasks, tmp_path / "out", options)
    place = tmp_path / "out" / kept / f"hide{ending}"
    place.unlink()
    place.symlink_to(tmp_path / "face.png")
    assert "is one of the input pictures" in refused(tasks, tmp_path / "out", options)


def test_pictures_beside_those_that_are_written_may_be_given(photographs: Path) -> None:
    tasks = write_tasks(photographs, task("blurred", "pictures/hide.png"))
    with VisProg(planner="examples") as session:
        summary = run_batch(session, tasks, photographs, SAVED, changes_allowed=True)
    assert lines_of(summary.results)[0]["picture"] == "pictures/blurred.png"


@pytest.mark.parametrize("name", ["results.jsonl", "journal.jsonl"])
def test_the_file_of_the_tasks_is_not_written_over(name: str, tmp_path: Path) -> None:
    tasks = write_tasks(tmp_path, {"program": "RESULT=Eval('1')"}).rename(tmp_path / name)
    assert f"the batch would overwrite it with its {name}" in refused(tasks, tmp_path)
    (tmp_path / "link.jsonl").symlink_to(name)
    assert f"the batch would overwrite it with its {name}" in refused(tmp_path / "link.jsonl", tmp_path)


@pytest.mark.parametrize("name", ["results.jsonl", "pictures/cat.png", "traces/cat.html"])
def test_a_folder_of_others_is_left_alone(name: str, tmp_path: Path) -> None:
    place = tmp_path / "out" / name
    place.parent.mkdir(parents=True)
    place.write_text("of another program")
    tasks = write_tasks(tmp_path, {"program": "RESULT=Eval('1')"})
    said = refused(tasks, tmp_path / "out", Options(pictures=True, traces=True))
    assert f"out contains {name.partition('/')[0]}" in said
    assert "no journal of a batch" in said


def test_what_will_not_be_written_may_be_there(tmp_path: Path) -> None:
    (tmp_path / "pictures").mkdir()
    write_picture(tmp_path, "pictures/cat.png")
    tasks = write_tasks(tmp_path, {"program": "RESULT=Eval('1')"})
    assert batch(tasks, tmp_path, TRACED).ok
    assert batch(tasks, tmp_path, TRACED).performed == 0


def test_what_is_no_path_is_told_when_its_task_is_run(tmp_path: Path) -> None:
    tasks = write_tasks(tmp_path, task("a", "nul\0.png"), task("b", "\ud800/.."))
    assert batch(tasks, tmp_path / "out").failed == 2


@pytest.mark.parametrize("spoil", [b"", b"spoilt", None])
@pytest.mark.parametrize("name", ["pictures/a.png", "traces/a.html"])
def test_a_kept_file_that_was_emptied_or_damaged_is_made_again(
    name: str, spoil: bytes | None, tmp_path: Path
) -> None:
    write_picture(tmp_path, "in.png", 3)
    file = write_tasks(
        tmp_path,
        {"id": "a", "program": "A=Loc(IMAGE, 'TOP')\nRESULT=Crop(IMAGE, A)", "image": "in.png"},
    )
    place, options = tmp_path / "out" / name, Options(pictures=True, traces=True)

    def run() -> int:
        with VisProg(planner="examples") as session:
            return run_batch(session, file, tmp_path / "out", options).performed

    assert (run(), run()) == (1, 0)
    whole = place.read_bytes()
    flipped = whole[:-20] + bytes([whole[-20] ^ 1]) + whole[-19:]
    place.write_bytes(flipped if spoil is None else spoil)
    assert (run(), run()) == (1, 0)
    assert len(place.read_bytes()) > len(whole) // 2
    if name == "pictures/a.png":
        assert place.read_bytes() == whole


def test_leftovers_are_removed_and_permissions_kept(tmp_path: Path) -> None:
    out, options = tmp_path / "out", Options(pictures=True)
    write_picture(tmp_path, "in.png", 3)
    file = write_tasks(tmp_path, {"program": "RESULT=Eval('1')"})
    with VisProg(planner="examples") as session:
        run_batch(session, file, out, options)
        (out / "results.jsonl").chmod(0o600)
        (out / "journal.jsonl").chmod(0o640)
        for name in (".visprog-00.part", "pictures/.visprog-11.part"):
            (out / name).write_text("half")
        (out / "pictures" / "mine.part").write_text("another's")
        run_batch(session, file, out, options)
    assert sorted(path.name for path in out.rglob("*")) == [
        "journal.jsonl", "mine.part", "pictures", "results.jsonl",
    ]  # fmt: skip
    modes = [(out / name).stat().st_mode & 0o777 for name in ("results.jsonl", "journal.jsonl")]
    assert modes == [0o600, 0o640]


def test_where_the_engine_cannot_start_nothing_is_left(tmp_path: Path) -> None:
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


def test_what_was_begun_stays_where_the_engine_cannot_start(tmp_path: Path) -> None:
    def one(assignment: Any, jobs: Any) -> Any:
        yield next(jobs), Outcome({"id": 1, "ok": True, "result": 1}, 0.0, Tokens())
        raise UsageError("it does not go on")

    file = write_tasks(tmp_path, *[{"program": "RESULT=Eval('1')"}] * 2)
    with VisProg(planner="examples") as session:
        with pytest.raises(UsageError, match="does not go on"):
            run_batch(session, file, tmp_path / "out", engine=one)
        assert run_batch(session, file, tmp_path / "out").performed == 1
