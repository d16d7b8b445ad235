"""A damaged, foreign or planted cache file never stops a run, and never returns a wrong value."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from visprog import Image
from visprog.engine.cache.codec import decode
from visprog.engine.cache.disk import DiskMemo
from visprog.engine.cache.file import NotACache, connect
from visprog.engine.cache.memory import CacheEntry


def entry(value: object) -> CacheEntry:
    return CacheEntry(value, ("found nothing",), ("a model",))


PICTURE = Image(np.arange(300, dtype=np.uint8).reshape(10, 10, 3))


def no_parts(name: str) -> bytes:
    raise KeyError(name)


def filled(folder: Path) -> Path:
    """Write a few entries, and return the file."""
    memo = DiskMemo(folder, tell=lambda words: pytest.fail(words))
    for number in range(4):
        memo.put(bytes([number]), entry(f"text {number}"))
    memo.put(b"picture", entry(PICTURE))
    memo.close()
    return memo.path


def assert_it_goes_on(folder: Path) -> list[str]:
    """Check that no wrong value is found, and that new entries are found. Return the messages."""
    told: list[str] = []
    memo = DiskMemo(folder, tell=told.append)
    for number in range(4):
        assert memo.get(bytes([number])) in (None, entry(f"text {number}"))
    assert memo.get(b"picture") in (None, entry(PICTURE))
    memo.put(b"new", entry("new"))
    assert memo.get(b"new") == entry("new")
    memo.close()
    return told


def schema_bytes(path: Path) -> list[int]:
    content = path.read_bytes()
    begin = content.index(b"CREATE ")
    return [place for place in range(begin - 60, 4096) if content[place]]


def test_a_file_with_a_damaged_schema_is_renamed(tmp_path: Path) -> None:
    path = filled(tmp_path)
    content = path.read_bytes()
    places = schema_bytes(path)
    for place in places[:: len(places) // 40]:
        for each in tmp_path.iterdir():
            each.unlink()
        path.write_bytes(content[:place] + b"\xbd" + content[place + 1 :])
        told = assert_it_goes_on(tmp_path)
        assert len(told) <= 2, told


def planted(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TRIGGER t AFTER INSERT ON results BEGIN DELETE FROM results; END",
        "CREATE VIEW v AS SELECT 1",
        "CREATE TABLE more (a)",
        "DROP INDEX holds_by_part",
    ],
)
def test_a_changed_schema_is_not_trusted(statement: str, tmp_path: Path) -> None:
    planted(filled(tmp_path), statement)
    (told,) = assert_it_goes_on(tmp_path)
    assert "its tables have been changed" in told


@pytest.mark.parametrize(
    "damage", ["content = 7", "checksum = 'text'", "content = x'00ff'", "checksum = 0.5"]
)
def test_a_value_of_another_type_is_a_damaged_entry(damage: str, tmp_path: Path) -> None:
    planted(filled(tmp_path), f"UPDATE results SET {damage}")
    told = assert_it_goes_on(tmp_path)
    assert told
    assert all("is damaged and will be computed again" in each for each in told)


def test_an_entry_under_the_key_of_another_is_damaged(tmp_path: Path) -> None:
    planted(
        filled(tmp_path),
        "UPDATE results SET (content, checksum) = (SELECT content, checksum FROM results "
        "WHERE content LIKE '%text 1%') WHERE content LIKE '%text 2%'",
    )
    (told,) = assert_it_goes_on(tmp_path)
    assert "the checksum of its text is wrong" in told


@pytest.mark.parametrize("ending", ["", "-wal", "-shm", "-journal"])
def test_a_planted_link_is_renamed_and_not_followed(ending: str, tmp_path: Path) -> None:
    folder, target = tmp_path / "cache", tmp_path / "mine"
    path = filled(folder)
    target.write_bytes(path.read_bytes() if not ending else b"mine")
    before = target.read_bytes()
    place = Path(f"{path}{ending}")
    place.unlink(missing_ok=True)
    place.symlink_to(target)
    (told,) = assert_it_goes_on(folder)
    assert "link" in told
    assert target.read_bytes() == before
    assert [each.is_symlink() for each in folder.glob("*.set-aside*")].count(True) == 1


@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_a_path_that_is_not_a_file_is_renamed(make: Any, tmp_path: Path) -> None:
    make(tmp_path / "results.sqlite")
    (told,) = assert_it_goes_on(tmp_path)
    assert "is not a file" in told


def test_an_endless_query_is_interrupted(tmp_path: Path) -> None:
    connection = connect(filled(tmp_path))
    endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
    with pytest.raises(sqlite3.OperationalError, match="interrupted"):
        connection.execute(endless).fetchall()
    connection.close()


def test_an_index_that_does_not_match_its_table_causes_no_endless_loop(tmp_path: Path) -> None:
    path = filled(tmp_path)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA writable_schema = ON")
    roots = dict(connection.execute("SELECT name, rootpage FROM sqlite_master").fetchall())
    key = next(name for name in roots if name.startswith("sqlite_autoindex_results"))
    connection.execute(
        "UPDATE sqlite_master SET rootpage = ? WHERE name = ?", (roots["sqlite_autoindex_editions_1"], key)
    )
    connection.commit()
    connection.close()
    told: list[str] = []
    memo = DiskMemo(tmp_path, limit=1_000, tell=told.append)
    thread = threading.Thread(target=lambda: memo.put(b"a", entry("x")), daemon=True)
    thread.start()
    thread.join(30)
    assert not thread.is_alive()
    assert told


def test_a_locked_file_is_not_renamed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("visprog.engine.cache.file.LOCK_SECONDS", 0.05)
    path, told = filled(tmp_path), list[str]()
    memo = DiskMemo(tmp_path, tell=told.append)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    memo.put(b"new", entry(1))
    holder.execute("ROLLBACK")
    holder.close()
    assert len(told) == 1
    assert "cannot be used: database is locked" in told[0]
    memo.put(b"new", entry(1))
    assert memo.get(b"new") == entry(1)
    assert not list(tmp_path.glob("*.set-aside"))


def test_the_format_of_a_foreign_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "results.sqlite"
    planted(path, "CREATE TABLE diary (day TEXT)")
    with pytest.raises(NotACache, match="belongs to another program"):
        connect(path)


@pytest.mark.parametrize(
    "tree",
    [
        {"picture": "p", "digest": 7},
        {"picture": "p", "digest": "../x"},
        {"picture": ["p"], "digest": "0" * 32},
        {"unknown": 1},
        {"regions": [[[0, 0, 1.5, 2], "a", 0.5, None]], "size": [9, 9]},
        {"regions": [[[0, 0, 2, 2], 7, 0.5, None]], "size": [9, 9]},
        {"regions": [[[0, 0, 2, 2], "a", "b", None]], "size": [9, 9]},
        {"regions": [[[0, 0, 2, 2], "a", 0.5, None]], "size": [9]},
        {"regions": [], "size": ["9", 9]},
        {"regions": [], "size": [9, 9], "more": 1},
    ],
)
def test_malformed_json_is_not_read_as_a_value(tree: Any) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        decode(json.dumps([tree, [], []]), no_parts)


@pytest.mark.parametrize("text", ["[1, [7], []]", '[1, "words", []]', "[1, [], {}]", "[1]", "{}", "["])
def test_warnings_that_are_not_texts_are_rejected(text: str) -> None:
    with pytest.raises((ValueError, TypeError)):
        decode(text, no_parts)
