"""A cache is valid until the code that computes values changes."""

from __future__ import annotations

import ast
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest

from visprog.engine.cache import disk
from visprog.engine.cache import edition as edition_module
from visprog.engine.cache.disk import DiskMemo
from visprog.engine.cache.edition import edition, source_digest
from visprog.engine.cache.memory import CacheEntry

FILE = '"""Count."""\n\n\ndef count(things):\n    """Count things."""\n    return len(things)\n'


def package(folder: Path, name: str, content: str) -> Path:
    """Write a package with the given file and one more."""
    for path, text in {"values.py": "A = 1\n", "modules/count.py": FILE, name: content}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    return folder


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("modules/count.py", FILE.replace("Count things.", "Say how many there are.")),
        ("modules/count.py", f"# A remark.\n{FILE}\n\n# Another.\n"),
        ("modules/count.py", FILE.replace("return len(things)", "return len( things )  # all of them")),
        ("values.py", 'A = 1\n"""One."""\n'),
        ("miniworld/scene.py", "B = 2\n"),
        ("evaluation/runner.py", "B = 2\n"),
        ("cli/commands/batch.py", "B = 2\n"),
        ("trace/html.py", "B = 2\n"),
        ("batch/runner.py", "B = 2\n"),
        ("planner/bank.py", "B = 2\n"),
        ("session.py", "B = 2\n"),
        ("modules/notes.txt", "B = 2\n"),
    ],
)
def test_changes_that_affect_no_value_keep_the_edition(name: str, content: str, tmp_path: Path) -> None:
    before = edition(package(tmp_path / "before", "values.py", "A = 1\n"))
    assert edition(package(tmp_path / "after", name, content)) == before


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("modules/count.py", FILE.replace("len(things)", "len(things) + 1")),
        ("values.py", "A = 2\n"),
        ("values.py", "A = '1'\n"),
        ("modules/more.py", "B = 2\n"),
        ("modules/cli/more.py", "B = 2\n"),
        ("language/evaluation.py", "B = 2\n"),
    ],
)
def test_changes_that_may_affect_a_value_make_another_edition(
    name: str, content: str, tmp_path: Path
) -> None:
    before = edition(package(tmp_path / "before", "values.py", "A = 1\n"))
    assert edition(package(tmp_path / "after", name, content)) != before


def test_the_edition_of_the_package_covers_many_files() -> None:
    assert edition() != source_digest()
    assert len(edition()) == 16


def test_the_edition_is_computed_once_for_a_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []

    def counting() -> bytes:
        counted.append(1)
        return edition()

    monkeypatch.setattr(disk, "edition", counting)
    kept = CacheEntry(7, (), ())
    for _ in range(3):
        memo = DiskMemo(tmp_path)
        memo.put(b"a", kept)
        assert memo.get(b"a") == kept
        memo.close()
    assert len(counted) == 1


def test_threads_that_start_together_parse_the_files_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[str] = []

    def parse(source: bytes) -> ast.Module:
        parsed.append(threading.current_thread().name)
        time.sleep(0.01)
        return ast.parse(source)

    folder = package(tmp_path, "values.py", "A = 1\n")
    monkeypatch.setattr(edition_module, "ast", SimpleNamespace(**{**vars(ast), "parse": parse}))
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(lambda _: edition(folder), range(4)))) == 1
    assert len(parsed) == len(list(folder.rglob("*.py")))
