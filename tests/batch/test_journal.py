"""The journal keeps complete lines, ignores incomplete or damaged ones, and rejects other files."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from visprog import OutputError, UsageError
from visprog.batch.journal import Journal, json_line
from visprog.batch.outcome import Outcome
from visprog.models.usage import Tokens

CONFIGURATION: dict[str, Any] = {"planner": "examples", "models": {"detector": "a"}, "traces": False}


def outcome(number: int, ok: bool = True) -> Outcome:
    return Outcome({"id": number, "ok": ok, "result": "é" * number}, 0.5, Tokens(number, 1))


def key(number: int) -> bytes:
    return bytes([number] * 16)


def written(path: Path, count: int) -> Path:
    journal = Journal(path, CONFIGURATION)
    for number in range(count):
        journal.add(key(number), outcome(number, ok=number % 2 == 0))
    journal.close()
    return path


def test_a_journal_can_be_read_again(tmp_path: Path) -> None:
    journal = Journal(written(tmp_path / "journal.jsonl", 3), CONFIGURATION)
    assert [journal.has(key(number)) for number in range(4)] == [True, True, True, False]
    assert [journal.failed(key(number)) for number in range(3)] == [False, True, False]
    assert journal.read(key(2)) == {"key": "02" * 16, "seconds": 0.5, "input_tokens": 2, "output_tokens": 1,
                                    "record": outcome(2).record}  # fmt: skip
    journal.close()


def test_a_journal_can_be_read_while_it_is_written(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl", CONFIGURATION)
    long = Outcome({"id": 0, "ok": True, "result": "x" * 200_000}, 0.5, Tokens())
    journal.add(key(0), long)
    journal.add(key(1), outcome(1))
    assert journal.read(key(0))["record"] == long.record
    journal.add(key(2), outcome(2))
    assert journal.read(key(2))["record"] == outcome(2).record
    journal.close()


def test_the_last_outcome_of_a_task_counts(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    for ok in (False, True):
        journal = Journal(path, CONFIGURATION)
        journal.add(key(0), outcome(0, ok=ok))
        journal.close()
    journal = Journal(path, CONFIGURATION)
    assert not journal.failed(key(0))
    assert journal.read(key(0))["record"]["ok"]
    journal.close()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_truncated_journal_keeps_all_complete_lines_and_can_be_continued(
    data: st.DataObject, tmp_path: Path
) -> None:
    path = tmp_path / "journal.jsonl"
    path.unlink(missing_ok=True)
    content = written(path, 4).read_bytes()
    cut = data.draw(st.integers(0, len(content)))
    path.write_bytes(content[:cut])
    whole = max(content[:cut].count(b"\n") - 2, 0)
    journal = Journal(path, CONFIGURATION)
    assert [journal.has(key(number)) for number in range(4)] == [number < whole for number in range(4)]
    for number in range(whole, 4):
        journal.add(key(number), outcome(number, ok=number % 2 == 0))
    journal.close()
    assert path.read_bytes() == content


def test_a_damaged_line_is_ignored(tmp_path: Path) -> None:
    path = written(tmp_path / "journal.jsonl", 3)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:3], b"\0" * 50 + b"\n", *lines[4:]]))
    journal = Journal(path, CONFIGURATION)
    assert [journal.has(key(number)) for number in range(3)] == [True, False, True]
    assert journal.damaged == 1
    journal.close()


@pytest.mark.parametrize(
    ("valid", "damaged"), [(b'"result": "\xc3\xa9"', b'"result": "\xc3\xa8"'), (b"01" * 16, b"03" * 16)]
)
def test_a_changed_character_is_detected(valid: bytes, damaged: bytes, tmp_path: Path) -> None:
    path = written(tmp_path / "journal.jsonl", 3)
    path.write_bytes(path.read_bytes().replace(valid, damaged))
    journal = Journal(path, CONFIGURATION)
    assert [journal.has(key(number)) for number in range(4)] == [True, False, True, False]
    assert journal.damaged == 1
    journal.close()


def test_a_deeply_nested_line_is_ignored(tmp_path: Path) -> None:
    path = written(tmp_path / "journal.jsonl", 1)
    with path.open("ab") as lines:
        lines.write(b"[" * 200_000 + b"\n")
    journal = Journal(path, CONFIGURATION)
    assert journal.has(key(0))
    assert journal.damaged == 1
    journal.close()


def test_a_line_that_is_damaged_after_opening_is_not_read(tmp_path: Path) -> None:
    path = written(tmp_path / "journal.jsonl", 2)
    journal = Journal(path, CONFIGURATION)
    path.write_bytes(path.read_bytes().replace(b'"result": "\xc3\xa9"', b'"result": "\xc3\xa8"'))
    assert journal.read(key(0))["record"]["ok"]
    with pytest.raises(OutputError, match="the checksum of a line is wrong"):
        journal.read(key(1))
    journal.close()


def test_each_line_is_a_json_object(tmp_path: Path) -> None:
    lines = written(tmp_path / "journal.jsonl", 1).read_text("utf-8").splitlines()
    header, again, line = map(json.loads, lines)
    assert header == again
    assert list(header) == ["format", "configuration", "checksum"]
    assert list(line) == ["key", "seconds", "input_tokens", "output_tokens", "record", "checksum"]


@pytest.mark.parametrize("flip", [0x01, 0x80, 0xFF])
def test_a_damaged_byte_loses_at_most_one_task(flip: int, tmp_path: Path) -> None:
    path = written(tmp_path / "journal.jsonl", 3)
    content = path.read_bytes()
    lines = content.splitlines(keepends=True)
    heads = len(lines[0] + lines[1])
    for place in range(len(content)):
        path.write_bytes(content[:place] + bytes([content[place] ^ flip]) + content[place + 1 :])
        journal = Journal(path, CONFIGURATION)
        found = [number for number in range(3) if journal.has(key(number))]
        for number in found:
            assert journal.read(key(number))["record"] == outcome(number, ok=number % 2 == 0).record
        journal.close()
        assert len(found) == 3 if place < heads else len(found) >= 2
        Journal(path, CONFIGURATION).close()


@pytest.mark.parametrize("only", [True, False])
def test_a_damaged_line_break_loses_no_task(only: bool, tmp_path: Path) -> None:
    path = written(tmp_path / "journal.jsonl", 3)
    lines = path.read_bytes().splitlines()
    path.write_bytes(b"X".join(lines[:3] if only else lines) + b"\n")
    journal = Journal(path, CONFIGURATION)
    assert [journal.has(key(number)) for number in range(3)] == [True, not only, not only]
    assert journal.read(key(0))["record"] == outcome(0).record
    assert journal.damaged == 1
    journal.close()


def test_tasks_are_found_without_any_header(tmp_path: Path) -> None:
    path = written(tmp_path / "journal.jsonl", 2)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([b"#" * 40 + b"\n", *lines[2:]]))
    for damaged in (1, 1):
        journal = Journal(path, CONFIGURATION)
        assert [journal.has(key(number)) for number in range(2)] == [True, True]
        assert journal.damaged == damaged
        journal.close()
    with pytest.raises(UsageError, match="was started with other settings"):
        Journal(path, {**CONFIGURATION, "planner": "other"})


def test_a_transient_outcome_is_kept_until_the_journal_is_closed(tmp_path: Path) -> None:
    path = written(tmp_path / "journal.jsonl", 1)
    journal = Journal(path, CONFIGURATION)
    for number in (0, 1):
        journal.add(key(number), replace(outcome(number, ok=False), transient=True))
        assert journal.has(key(number))
        assert journal.failed(key(number))
        assert journal.read(key(number))["transient"] is True
    journal.close()
    journal = Journal(path, CONFIGURATION)
    assert not any(journal.has(key(number)) or journal.failed(key(number)) for number in (0, 1))
    journal.close()


def test_a_link_or_a_pipe_is_rejected_and_not_written(tmp_path: Path) -> None:
    target, path = tmp_path / "diary.txt", tmp_path / "journal.jsonl"
    target.touch()
    path.symlink_to(target)
    with pytest.raises(UsageError, match="is not a regular file"):
        Journal(path, CONFIGURATION)
    assert target.read_bytes() == b""
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(UsageError, match="is not a regular file"):
        Journal(path, CONFIGURATION)


def test_another_configuration_is_rejected_unless_allowed(tmp_path: Path) -> None:
    path = written(tmp_path / "journal.jsonl", 1)
    other = {**CONFIGURATION, "models": {"detector": "b", "masker": "m"}}
    with pytest.raises(UsageError) as caught:
        Journal(path, other)
    assert (
        "the model of detector changed from `a` to `b`; the model of masker changed from none to `m`"
        in caught.value.message
    )
    assert "--allow-changes" in str(caught.value.help)
    Journal(path, other, changes_allowed=True).close()
    Journal(path, other).close()
    with pytest.raises(UsageError, match="was started with other settings"):
        Journal(path, CONFIGURATION)


def test_a_second_open_journal_is_rejected(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl", CONFIGURATION)
    with pytest.raises(UsageError, match="another batch is running"):
        Journal(tmp_path / "journal.jsonl", CONFIGURATION)
    journal.close()
    Journal(tmp_path / "journal.jsonl", CONFIGURATION).close()


@pytest.mark.parametrize(
    "content", [b"my diary\n", b"my diary", b'{"a": 1}\n', b"[1]\n", b'{"form'[:3] + b"x"]
)
def test_a_file_that_is_not_a_journal_is_not_changed(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="is not the journal of a batch"):
        Journal(path, CONFIGURATION)
    assert path.read_bytes() == content


@pytest.mark.parametrize("version", [1, 2, 9])
def test_another_format_version_is_rejected(version: int, tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text(f'{{"format": "visprog-batch/{version}", "configuration": {{}}}}\n')
    with pytest.raises(UsageError, match="another version of VisProg"):
        Journal(path, CONFIGURATION)


def test_values_that_json_cannot_express_are_written_as_text() -> None:
    assert json_line({"a": [float("inf"), 1.5], "b": float("nan"), "c": {1}, "d": "\ud800é"}) == (
        '{"a": ["inf", 1.5], "b": "nan", "c": "{1}", "d": "\\ud800é"}'.encode()
    )
