"""Files are read only if they are regular and not too large, and are replaced atomically."""

from __future__ import annotations

import errno
import fcntl
import io
import os
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from visprog import (
    AudioError,
    ImageError,
    ModelUnavailable,
    OutputError,
    UsageError,
    VisProg,
    VisProgError,
    files,
    load_image,
)
from visprog.audio import load_audio
from visprog.batch.validation import check_tasks
from visprog.files import Limit, read_stream, remove_leftovers, replacing, write_atomically
from visprog.models.backends.opencv.onnx_files import read_onnx
from visprog.models.profile import load_profile
from visprog.tool_sources import load_tools


def execute(path: Path) -> object:
    with VisProg() as session:
        return session.execute(path)


READERS: dict[str, tuple[Callable[[Path], object], type[VisProgError]]] = {
    "picture": (load_image, ImageError),
    "recording": (load_audio, AudioError),
    "program": (execute, UsageError),
    "tasks": (check_tasks, UsageError),
    "profile": (load_profile, UsageError),
    "tools": (load_tools, UsageError),
    "model": (read_onnx, ModelUnavailable),
}


@pytest.fixture(params=["pipe", "device", "folder", "socket", "missing", "link to a device"])
def odd(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Path, str]:
    """A path without a regular file, and the words for it in a message."""
    path = tmp_path / "odd.toml"
    if request.param == "pipe":
        os.mkfifo(path)
        return path, "named pipe"
    if request.param == "device":
        return Path("/dev/zero"), "a device"
    if request.param == "folder":
        path.mkdir()
        return path, "is a folder"
    if request.param == "socket":
        with socket.socket(socket.AF_UNIX) as listening:
            listening.bind(os.path.relpath(path))
        return path, "a socket"
    if request.param == "missing":
        return path, "does not exist"
    path.symlink_to("/dev/zero")
    return path, "a device"


@pytest.mark.parametrize("reader", READERS)
def test_a_path_without_a_regular_file_is_rejected(reader: str, odd: tuple[Path, str]) -> None:
    read, error = READERS[reader]
    path, words = odd
    with pytest.raises(error, match=words) as caught:
        read(path)
    assert str(path) in caught.value.message
    assert caught.value.help


@pytest.mark.parametrize("reader", [name for name in READERS if name != "tasks"])
def test_every_reader_has_a_size_limit(reader: str, tmp_path: Path) -> None:
    read, error = READERS[reader]
    path = tmp_path / "huge.toml"
    with path.open("wb") as file:
        file.truncate(3_000_000_000)  # a sparse file
    with pytest.raises(error, match="at most"):
        read(path)


def test_a_line_of_a_tasks_file_has_a_size_limit(tmp_path: Path) -> None:
    path = tmp_path / "tasks.jsonl"
    with path.open("wb") as file:
        file.truncate(20_000_000)
    with pytest.raises(UsageError, match=r"a line of .*tasks\.jsonl has .* at most 10 MB"):
        check_tasks(path)


def test_an_endless_stream_is_read_up_to_the_limit() -> None:
    with Path("/dev/zero").open("rb") as endless, pytest.raises(UsageError, match="at most 1 MB are read"):
        read_stream(endless, "standard input", Limit(1_000_000, "give less", UsageError))
    assert read_stream(io.BytesIO(b"ab"), "it", Limit(2, "give less", UsageError)) == b"ab"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["exec", "PIPE"], "named pipe"),
        (["exec", "-"], "at most 1 MB"),
        (["check", "/dev/zero"], "a device"),
        (["exec", "count.vp", "PIPE"], "named pipe"),
        (["exec", "count.vp", "/dev/zero"], "a device"),
        (["exec", "count.vp", "https://example.org/a.png"], "is an address, not a file"),
        (["run", "--program", "count.vp", "HTTPS://example.org/a.png"], "is an address, not a file"),
        (["exec", "count.vp", "--image", "IMAGE=s3://bucket/a.png"], "is an address, not a file"),
        (["batch", "PIPE", "--out", "out"], "named pipe"),
        (["exec", "count.vp", "count.vp", "--models", "/dev/zero.toml"], "does not exist"),
        (["tools", "--tools", "PIPE"], "named pipe"),
    ],
)  # fmt: skip
def test_the_command_line_rejects_invalid_inputs_without_a_traceback(
    arguments: list[str], words: str, tmp_path: Path
) -> None:
    os.mkfifo(tmp_path / "PIPE")
    (tmp_path / "count.vp").write_text("BOX=Loc(image=IMAGE,object='LEFT')\nRESULT=Count(object=BOX)\n")
    with Path("/dev/zero").open("rb") as endless:
        done = subprocess.run(
            [sys.executable, "-m", "visprog", *arguments],
            cwd=tmp_path, stdin=endless, capture_output=True, text=True, timeout=60, check=False,
            env={**os.environ, "PYTHONPATH": str(Path(files.__file__).parent.parent)},
        )  # fmt: skip
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_minus_as_a_path_is_a_file_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with VisProg() as session:
        with pytest.raises(UsageError, match="the file - does not exist"):
            session.execute(Path("-"))
        Path("-").write_text("RESULT=Eval(expr='1 + 1')")
        assert session.execute(Path("-")).result == 2


@pytest.mark.parametrize(
    ("address", "advice"),
    [
        ("https://example.org/a.png", "download it"),
        ("HTTP://example.org/a.png", "download it"),
        ("s3://bucket/a.png", "download it"),
        ("data:image/png;base64,AAAA", "save its content"),
        ("file:///photos/a%20b.png", "give the path: /photos/a b.png"),
        ("file://localhost/photos/a.png", "give the path: /photos/a.png"),
    ],
)
def test_every_reader_recognizes_an_address(address: str, advice: str, tmp_path: Path) -> None:
    for read, error in READERS.values():
        with pytest.raises(error, match="is an address, not a file") as caught:
            read(Path(address))
        assert advice in (caught.value.help or "")
    with pytest.raises(ImageError, match="is an address, not a file"):
        load_image(address)
    tasks = tmp_path / "tasks.jsonl"
    tasks.write_text(f'{{"instruction": "How many birds are there?", "image": "{address}"}}')
    with pytest.raises(UsageError, match=r"line 1: .* is an address, not a file") as rejected:
        check_tasks(tasks)
    assert advice in rejected.value.message


def test_a_long_address_is_shortened() -> None:
    with pytest.raises(ImageError, match="is an address") as caught:
        load_image("data:image/png;base64," + "A" * 100_000)
    assert len(str(caught.value)) < 300


def test_an_existing_file_is_never_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data:a,b").write_bytes(b"not a picture")
    with pytest.raises(ImageError, match="is not a picture"):
        load_image("data:a,b")


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o640, 0o666, 0o755])
def test_a_replaced_file_keeps_its_permissions(mode: int, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("before")
    path.chmod(mode)
    with replacing(path) as file:
        unfinished = next(each for each in tmp_path.iterdir() if each != path)
        assert stat.S_IMODE(unfinished.stat().st_mode) == mode
        file.write(b"after")
    assert path.read_text() == "after"
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_new_file_has_the_permissions_of_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_atomically(tmp_path / "a.txt", "new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.txt").stat().st_mode) == 0o640


def test_devices_and_pipes_are_never_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.txt")
    (tmp_path / "link.txt").symlink_to(tmp_path / "pipe.txt")
    for name in ("pipe.txt", "link.txt"):
        with pytest.raises(OutputError, match="named pipe"):
            write_atomically(tmp_path / name, "x")
    assert stat.S_ISFIFO((tmp_path / "pipe.txt").stat().st_mode)


def leftover(folder: Path, name: str, age: float) -> Path:
    path = folder / f".visprog-{name}.part"
    path.write_bytes(b"unfinished")
    os.utime(path, (time.time() - age,) * 2)
    return path


def test_old_leftovers_of_killed_processes_are_removed_and_nothing_else(tmp_path: Path) -> None:
    left, young, busy = (leftover(tmp_path, *each) for each in (("a", 7200), ("b", 60), ("c", 7200)))
    other = tmp_path / ".visprog-mine.txt"
    other.write_text("another file")
    os.utime(other, (0, 0))
    (tmp_path / ".visprog-link.part").symlink_to(other)
    with busy.open("rb") as writing:
        fcntl.flock(writing, fcntl.LOCK_EX)
        write_atomically(tmp_path / "out.txt", "x")
    assert not left.exists()
    assert young.exists()
    assert busy.exists()
    assert other.read_text() == "another file"
    assert (tmp_path / ".visprog-link.part").is_symlink()


def test_without_a_minimum_age_all_leftovers_but_locked_ones_are_removed(tmp_path: Path) -> None:
    young, busy = leftover(tmp_path, "a", 0), leftover(tmp_path, "b", 7200)
    with busy.open("rb") as writing:
        fcntl.flock(writing, fcntl.LOCK_EX)
        remove_leftovers(tmp_path)
    assert not young.exists()
    assert busy.exists()


def test_leftovers_on_a_drive_without_locks_are_removed_by_age(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOTSUP, os.strerror(errno.ENOTSUP))

    monkeypatch.setattr(fcntl, "flock", no_locks)
    young, old = leftover(tmp_path, "a", 60), leftover(tmp_path, "b", 7200)
    remove_leftovers(tmp_path, min_age=3600)
    assert young.exists()
    assert not old.exists()


def test_a_file_that_is_being_written_is_locked(tmp_path: Path) -> None:
    with replacing(tmp_path / "out.txt") as file:
        file.write(b"x")
        (unfinished,) = tmp_path.iterdir()
        with unfinished.open("rb") as other, pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert [path.name for path in tmp_path.iterdir()] == ["out.txt"]
