"""The cache on disk: other processes reuse its results, and no state of the file stops a run."""

from __future__ import annotations

import errno
import os
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from visprog import Image, Region, Regions, UsageError, VisProg, tool
from visprog.engine.cache.codec import UnsupportedValue, decode, encode, to_png
from visprog.engine.cache.disk import DiskMemo
from visprog.engine.cache.memory import CacheEntry, Memo
from visprog.models.fake import FakeDetector, FakeVisualQA


def entry(value: object) -> CacheEntry:
    return CacheEntry(value, ("found nothing",), ("a model",))


def noise(seed: int, side: int = 100) -> Image:
    return Image(np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8))


def refuse(words: str) -> None:
    raise AssertionError(words)


def there_and_back(value: object) -> Any:
    text, parts = encode(entry(value))
    pngs = {name: to_png(part) for name, part in parts.items()}
    found = decode(text, pngs.__getitem__)
    assert found[1:] == entry(value)[1:]
    return found.value


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(st.characters())
pictures = st.builds(
    lambda seed, height, width: Image(
        np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    ),
    st.integers(0, 99), st.integers(1, 9), st.integers(1, 17),
)  # fmt: skip

transparent = st.builds(
    lambda image, level: image.with_alpha((image.pixels[..., 0] > 99).astype(np.uint8) * level),
    pictures, st.integers(0, 255),
)  # fmt: skip


@st.composite
def regions(draw: st.DrawFn) -> Regions:
    width, height = draw(st.integers(1, 20)), draw(st.integers(1, 9))
    found = []
    for _ in range(draw(st.integers(0, 4))):
        left, top = draw(st.integers(-3, 20)), draw(st.integers(-3, 20))
        box = (left, top, left + draw(st.integers(1, 9)), top + draw(st.integers(1, 9)))
        bits = draw(st.none() | st.integers(0, 2 ** (width * height) - 1))
        mask = None
        if bits is not None:
            flat = [bool(bits >> place & 1) for place in range(width * height)]
            mask = np.array(flat, dtype=np.bool_).reshape(height, width)
        found.append(Region(box, draw(st.text(max_size=5)), draw(st.floats(0, 1)), mask))
    return Regions(found, size=(width, height))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.recursive(
        scalars | pictures | transparent | regions(),
        lambda inner: st.lists(inner, max_size=4),
        max_leaves=6,
    )
)
def test_decoding_returns_the_encoded_value(value: object) -> None:
    found = there_and_back(value)
    assert found == value
    assert type(found) is type(value)


def test_a_crop_keeps_its_digest() -> None:
    for image in (noise(1), noise(1).with_alpha(noise(2).pixels[..., 0])):
        crop = image.crop((3, 4, 20, 30))
        assert there_and_back(crop).digest == crop.digest != Image(crop.pixels).digest


def test_a_transparent_picture_is_written_once_and_comes_back_locked() -> None:
    image = noise(1).with_alpha(noise(2).pixels[..., 0])
    assert len(encode(entry([image, image])).parts) == 1
    found = there_and_back(image)
    assert found == image
    assert not found.alpha.flags.writeable
    assert not found.pixels.flags.writeable


def test_a_mask_that_regions_share_is_written_once() -> None:
    mask = np.eye(50, dtype=np.bool_)
    both = Regions([Region((0, 0, 9, 9), mask=mask), Region((1, 1, 5, 5), mask=mask.copy())], size=(50, 50))
    assert len(encode(entry([both, both[:1]])).parts) == 1


def test_a_value_of_another_type_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedValue):
        encode(entry([object()]))
    memo = DiskMemo(tmp_path, tell=refuse)
    memo.put(b"a", entry(object()))
    assert memo.get(b"a") is None


def nested(depth: int) -> list[Any]:
    return [nested(depth - 1)] if depth else []


@pytest.mark.parametrize(
    "odd",
    [
        CacheEntry(1, (ValueError("no text"),), ()),  # type: ignore[arg-type]
        CacheEntry(nested(900), (), ()),
        CacheEntry(10**5_000, (), ()),
    ],
)
def test_a_value_that_cannot_be_encoded_is_not_kept_and_raises_nothing(
    odd: CacheEntry, tmp_path: Path
) -> None:
    memo = DiskMemo(tmp_path, tell=refuse)
    memo.put(b"a", odd)
    assert memo.get(b"a") is None


def test_another_cache_reads_the_same_file(tmp_path: Path) -> None:
    DiskMemo(tmp_path, tell=refuse).put(b"a", entry(noise(1)))
    assert DiskMemo(tmp_path, tell=refuse).get(b"a") == entry(noise(1))
    assert DiskMemo(tmp_path, tell=refuse).get(b"b") is None


def test_the_disk_is_read_once_for_each_key(tmp_path: Path) -> None:
    first, asked = Memo(store=DiskMemo(tmp_path)), list[bytes]()
    assert first.begin(b"a") is None
    first.end(b"a", entry(7))

    class Counting(DiskMemo):
        def get(self, key: bytes) -> CacheEntry | None:
            asked.append(key)
            return super().get(key)

    second = Memo(store=Counting(tmp_path))
    assert second.begin(b"a") == second.begin(b"a") == entry(7)
    assert asked == [b"a"]


def test_a_key_that_is_not_lasting_stays_in_memory(tmp_path: Path) -> None:
    memo = Memo(store=DiskMemo(tmp_path))
    assert memo.begin(b"a", lasting=False) is None
    memo.end(b"a", entry(7), lasting=False)
    assert memo.begin(b"a", lasting=False) == entry(7)
    assert Memo(store=DiskMemo(tmp_path)).begin(b"a") is None


def test_the_least_recently_used_is_removed_and_shared_parts_stay(tmp_path: Path) -> None:
    memo = DiskMemo(tmp_path, limit=250_000, tell=refuse)  # noise of 30 KB takes 30 KB in PNG too
    for seed in range(5):
        memo.put(bytes([seed]), entry(noise(seed)))
    memo.put(b"also 1", entry([noise(1)]))
    memo.get(bytes([0]))
    for seed in range(5, 9):
        memo.put(bytes([seed]), entry(noise(seed)))
    held = [memo.get(bytes([seed])) is not None for seed in range(9)]
    assert held[0]
    assert not held[1]
    assert not held[2]
    assert held[8]
    assert memo.get(b"also 1") == entry([noise(1)])
    assert memo.path.stat().st_size < 300_000


def test_a_value_larger_than_the_limit_is_not_kept(tmp_path: Path) -> None:
    memo = DiskMemo(tmp_path, limit=100_000, tell=refuse)
    memo.put(b"small", entry(1))
    memo.put(b"large", entry(noise(1, side=300)))
    assert memo.get(b"large") is None
    assert memo.get(b"small") == entry(1)


def damaged(path: Path) -> str:
    path.write_bytes(b"not a database at all" * 500)
    return "is damaged"


def torn(path: Path) -> str:
    whole = path.read_bytes()
    path.write_bytes(whole[:4096] + b"\0" * 4096 + whole[8192 : len(whole) // 2])
    return "is damaged"


def newer(path: Path) -> str:
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 9")
    connection.close()
    return "was written by another version of VisProg (format 9, here 3)"


def foreign(path: Path) -> str:
    path.unlink()
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE diary (day TEXT)")
    connection.close()
    return "belongs to another program"


@pytest.mark.parametrize("spoil", [damaged, torn, newer, foreign])
def test_a_file_that_is_not_a_cache_is_renamed_and_reported(spoil: Any, tmp_path: Path) -> None:
    before = DiskMemo(tmp_path, tell=refuse)
    before.put(b"a", entry(noise(1)))
    before.close()
    words, told = spoil(before.path), list[str]()
    spoilt = before.path.read_bytes()
    memo = DiskMemo(tmp_path, tell=told.append)
    assert memo.get(b"a") is None
    memo.put(b"a", entry(2))
    memo.put(b"b", entry(noise(3)))
    assert memo.get(b"b") == entry(noise(3))
    assert len(told) == 1
    assert words in told[0]
    (aside,) = tmp_path.glob("*.set-aside")
    assert aside.name in told[0]
    assert len(aside.read_bytes()) >= len(spoilt)


def damaged_within(folder: Path) -> None:
    """Write a file that can be opened, but not read."""
    memo = DiskMemo(folder, tell=refuse)
    memo.put(b"a", entry("x" * 20_000))
    memo.close()
    whole = memo.path.read_bytes()
    memo.path.write_bytes(whole[:4096] + b"\xff" * (len(whole) - 4096))


def test_a_damaged_file_is_renamed_once_by_one_of_two_caches(tmp_path: Path) -> None:
    damaged_within(tmp_path)
    told = list[str]()
    first, second = DiskMemo(tmp_path, tell=told.append), DiskMemo(tmp_path, tell=refuse)
    assert first.get(b"a") is None
    assert len(told) == 1
    first.put(b"a", entry("of the first"))
    assert second.get(b"a") == entry("of the first")  # until now it used the damaged file
    second.put(b"b", entry("of the second"))
    assert first.get(b"b") == entry("of the second")
    assert len(list(tmp_path.glob("*.set-aside"))) == 1


def test_threads_that_find_a_damaged_file_rename_it_once(tmp_path: Path) -> None:
    for number in range(10):
        folder = tmp_path / str(number)
        damaged_within(folder)
        memo, together = DiskMemo(folder, tell=lambda _: None), threading.Barrier(8)

        def work(place: int, memo: DiskMemo = memo, together: threading.Barrier = together) -> None:
            together.wait()
            assert memo.get(b"a") is None
            memo.put(bytes([place]), entry(place))

        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, range(8)))
        assert [memo.get(bytes([place])) for place in range(8)] == [entry(place) for place in range(8)]
        assert len(list(folder.glob("*.set-aside"))) == 1


def test_a_damaged_file_that_cannot_be_renamed_stops_no_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(self: Path, target: str) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(self), None, target)

    damaged_within(tmp_path)
    with VisProg(cache=tmp_path) as given:
        monkeypatch.setattr(Path, "replace", refused)
        with pytest.warns(RuntimeWarning, match="is damaged and no longer used: Permission denied"):
            assert given.execute("RESULT=Eval('1 + 1')").result == 2
        assert given.execute("RESULT=Eval('1 + 2')").result == 3
    assert not list(tmp_path.glob("*.set-aside"))


def test_a_damaged_entry_is_computed_again_and_reported_once(tmp_path: Path) -> None:
    told = list[str]()
    memo = DiskMemo(tmp_path, tell=told.append)
    memo.put(b"a", entry(noise(1)))
    memo.put(b"b", entry("red"))
    with sqlite3.connect(memo.path) as connection:
        connection.execute("UPDATE parts SET png = substr(png, 1, 500)")
        connection.execute("UPDATE results SET content = replace(content, 'red', 'rad')")
    connection.close()
    assert memo.get(b"a") is None
    assert memo.get(b"b") is None
    assert len(told) == 2
    assert all("is damaged and will be computed again" in words for words in told)
    memo.put(b"a", entry(noise(1)))
    assert memo.get(b"a") == entry(noise(1))


def bits_of(value: object, folder: Path) -> tuple[Path, int]:
    """Keep a value with one part. Return the file, and the number of bits of the part."""
    memo = DiskMemo(folder, tell=refuse)
    memo.put(b"a", entry(value))
    memo.close()
    with sqlite3.connect(memo.path) as connection:
        ((size,),) = connection.execute("SELECT length(png) FROM parts")
    connection.close()
    return memo.path, 8 * size


def flip(path: Path, bit: int) -> None:
    with sqlite3.connect(path) as connection:
        ((png,),) = connection.execute("SELECT png FROM parts").fetchall()
        flipped = int.from_bytes(png, "little") ^ 1 << bit
        connection.execute("UPDATE parts SET png = ?", (flipped.to_bytes(len(png), "little"),))
    connection.close()


@pytest.mark.parametrize(
    "value",
    [
        Image(np.pad(np.full((9, 12, 3), 200, dtype=np.uint8), ((5, 6), (9, 9), (0, 0)))),
        Regions([Region((2, 3, 9, 9), mask=np.pad(np.ones((6, 7), np.bool_), (3, 8)))], size=(18, 17)),
    ],
)
def test_a_flipped_bit_of_a_part_is_never_read_as_other_pixels(value: object, tmp_path: Path) -> None:
    path, bits = bits_of(value, tmp_path)
    for bit in range(0, bits, 5):
        told = list[str]()
        flip(path, bit)
        memo = DiskMemo(tmp_path, tell=told.append)
        assert memo.get(b"a") is None
        memo.put(b"a", entry(value))
        assert memo.get(b"a") == entry(value)
        memo.close()
        assert len(told) == 1
        assert "is damaged and will be computed again: the checksum of " in told[0]


def test_a_folder_that_cannot_be_written_is_rejected(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="cannot be used as a cache"):
        DiskMemo(tmp_path / "file")


def test_a_closed_cache_is_empty_and_raises_nothing(tmp_path: Path) -> None:
    memo = DiskMemo(tmp_path, tell=refuse)
    memo.close()
    memo.close()
    memo.put(b"a", entry(1))
    assert memo.get(b"a") is None


def test_threads_share_a_cache(tmp_path: Path) -> None:
    memo, wrong = DiskMemo(tmp_path, limit=200_000, tell=refuse), list[object]()

    def work(place: int) -> None:
        for seed in range(12):
            key = bytes([(seed * 7 + place) % 9])
            found = memo.get(key)
            if found is None:
                memo.put(key, entry(noise(key[0])))
            elif found != entry(noise(key[0])):
                wrong.append(key)

    threads = [threading.Thread(target=work, args=(place,)) for place in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert not wrong


_PUTTING = """
import sys
from tests.engine.test_disk_memo import DiskMemo, entry, noise, refuse
memo = DiskMemo(sys.argv[1], limit=400_000, tell=refuse)
for number in range(40):
    key = bytes([number % 17])
    found = memo.get(key)
    assert found is None or found == entry(noise(key[0])), number
    memo.put(key, entry(noise(key[0])))
memo.close()
"""


def test_processes_share_a_cache(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", _PUTTING, str(tmp_path)]
    running = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(3)]
    for process in running:
        _, complaints = process.communicate(timeout=100)
        assert process.returncode == 0, complaints
    memo = DiskMemo(tmp_path, tell=refuse)
    assert sum(memo.get(bytes([number])) is not None for number in range(17)) > 5
    assert memo.path.stat().st_size < 500_000


class Named(FakeDetector):
    fingerprint = "a detector that any process would have"


PROGRAM = (
    "OBJ0=Loc(image=IMAGE, object='cat')\nIMAGE0=ColorPop(image=IMAGE, object=OBJ0)\n"
    "IMAGE1=Crop(image=IMAGE0, object=OBJ0)\nN=Count(object=OBJ0)\nRESULT=IMAGE1"
)


def test_another_session_finds_every_step_on_disk(tmp_path: Path) -> None:
    detector, again = Named({"cat": [(10, 10, 50, 50)]}), Named({"cat": []})
    with VisProg(models={"detector": detector}, cache=tmp_path) as given:
        first = given.execute(PROGRAM, noise(1))
    with VisProg(models={"detector": again}, cache=tmp_path) as given:
        second = given.execute(PROGRAM, noise(1))
    assert (detector.calls, again.calls) == (1, 0)
    assert [step.status for step in second.steps] == ["cached", "cached", "cached", "unneeded", "done"]
    assert second.result == first.result
    assert second.result.digest == first.result.digest


def test_a_cutout_on_disk_equals_a_fresh_one(tmp_path: Path) -> None:
    program = PROGRAM.replace("ColorPop", "Cutout")
    detector, again = Named({"cat": [(10, 10, 50, 50)]}), Named({"cat": []})
    with VisProg(models={"detector": detector}, cache=tmp_path) as given:
        first = given.execute(program, noise(1)).result
    with VisProg(models={"detector": again}, cache=tmp_path) as given:
        second = given.execute(program, noise(1)).result
    assert again.calls == 0
    assert first.alpha is not None
    assert second == first
    assert second.digest == first.digest
    assert second.to_pil(alpha=True).tobytes() == first.to_pil(alpha=True).tobytes()


def test_only_the_edited_steps_of_a_program_are_computed(tmp_path: Path) -> None:
    with VisProg(models={"detector": Named({"cat": [(10, 10, 50, 50)]})}, cache=tmp_path) as given:
        given.execute(PROGRAM, noise(1))
    with VisProg(models={"detector": Named({})}, cache=tmp_path) as given:
        edited = given.execute(PROGRAM.replace("IMAGE1=Crop(", "IMAGE1=CropLeft("), noise(1))
    assert [step.status for step in edited.steps] == ["cached", "cached", "done", "unneeded", "done"]


def test_results_of_a_model_without_a_name_are_not_kept(tmp_path: Path) -> None:
    program = "A=Vqa(IMAGE, 'What?')\nB=Eval(\"{A} + '!'\")\nC=Eval('1 + 1')\nRESULT=Result([B, C])"

    def run(answer: str) -> list[str]:
        with VisProg(models={"visual_qa": FakeVisualQA({"What?": answer})}, cache=tmp_path) as given:
            ran = given.execute(program, noise(1))
        assert ran.result == [f"{answer}!", 2]
        return [step.status for step in ran.steps]

    assert run("red") == ["done", "done", "done", "done"]
    assert run("blue") == ["done", "done", "cached", "done"]


def test_results_of_a_tool_with_captured_values_are_not_kept(tmp_path: Path) -> None:
    def run(enclosed: object) -> tuple[int, str]:
        @tool("Size")
        def size() -> int:
            """Return the length of the captured value."""
            return len(enclosed)  # type: ignore[arg-type]

        with VisProg(tools=[size], cache=tmp_path) as given:
            ran = given.execute("RESULT=Size()")
        return ran.result, ran.steps[0].status

    assert [run([1]), run([1, 2])] == [(1, "done"), (2, "done")]
    assert [run("a"), run("ab"), run("ab")] == [(1, "done"), (2, "done"), (2, "cached")]


def test_a_changed_file_makes_another_tool(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    text = (
        "from visprog import tool\n\nFACTOR = 2\n\n"
        '@tool("Scale")\ndef scale(number: int) -> int:\n    """Multiply."""\n    return number * FACTOR\n'
    )
    script = (
        "import sys; from pathlib import Path; from visprog import VisProg\n"
        "from visprog.tool_sources import load_tools\n"
        "run = VisProg(tools=load_tools(Path(sys.argv[1])), cache=sys.argv[2]).execute('RESULT=Scale(3)')\n"
        "print(run.result, run.steps[0].status)"
    )

    def run() -> str:
        command = [sys.executable, "-c", script, str(file), str(tmp_path / "cache")]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    file.write_text(text)
    assert [run(), run()] == ["6 done", "6 cached"]
    file.write_text(text.replace("FACTOR = 2", "FACTOR = 3"))
    assert run() == "9 done"
