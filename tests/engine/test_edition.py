"""A cache stays valid as long as nothing changed that computes values."""

from __future__ import annotations

from pathlib import Path

import pytest

from visprog.engine.cache import disk
from visprog.engine.cache.disk import DiskMemo
from visprog.engine.cache.edition import edition, source_digest
from visprog.engine.cache.memory import Remembered

FILE = '"""Count."""\n\n\ndef count(things):\n    """Count things."""\n    return len(things)\n'


def package(folder: Path, name: str, content: str) -> Path:
    """Write a package with one file beside the one that is given."""
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
def test_what_changes_no_value_keeps_the_edition(name: str, content: str, tmp_path: Path) -> None:
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
def test_what_may_change_a_value_is_another_edition(name: str, content: str, tmp_path: Path) -> None:
    before = edition(package(tmp_path / "before", "values.py", "A = 1\n"))
    assert edition(package(tmp_path / "after", name, content)) != before


def test_the_package_has_an_edition_of_many_files() -> None:
    assert edition() != source_digest()
    assert len(edition()) == 16


def test_the_edition_is_worked_out_once_for_a_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[int] = []

    def counting() -> bytes:
        counted.append(1)
        return edition()

    monkeypatch.setattr(disk, "edition", counting)
    kept = Remembered(7, (), ())
    for _ in range(3):
        memo = DiskMemo(tmp_path)
        memo.put(b"a", kept)
        assert memo.get(b"a") == kept
        memo.close()
    assert len(counted) == 1
