"""The journal: what is written stays, what was cut off is as if never written, nothing foreign is touched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from visprog import OutputError, UsageError
from visprog.batch.journal import Journal, dump
from visprog.batch.outcome import Outcome
from visprog.models.usage import Tokens

HERE: dict[str, Any] = {"planner": "examples", "models": {"detector": "a"}, "traces": False}


def outcome(number: int, ok: bool = True) -> Outcome:
    return Outcome({"id": number, "ok": ok, "result": "é" * number}, 0.5, Tokens(number, 1))


def key(number: int) -> bytes:
    return bytes([number] * 16)


def written(path: Path, count: int) -> Path:
    journal = Journal(path, HERE)
    for number in range(count):
        journal.add(key(number), outcome(number, ok=number % 2 == 0))
    journal.close()
    return path


def test_what_one_wrote_another_reads(tmp_path: Path) -> None:
    journal = Journal(written(tmp_path / "journal.jsonl", 3), HERE)
    assert [journal.has(key(number)) for number in range(4)] == [True, True, True, False]
    assert [journal.failed(key(number)) for number in range(3)] == [False, True, False]
    assert journal.read(key(2)) == {"key": "02" * 16, "seconds": 0.5, "input_tokens": 2, "output_tokens": 1,
                                    "record": outcome(2).record}  # fmt: skip
    journal.close()


def test_it_can_be_read_while_it_is_written(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl", HERE)
    long = Outcome({"id": 0, "ok": True, "result": "x" * 200_000}, 0.5, Tokens())
    journal.add(key(0), long)
    journal.add(key(1), outcome(1))
    assert journal.read(key(0))["record"] == long.record
    journal.add(key(2), outcome(2))
    assert journal.read(key(2))["record"] == outcome(2).record
    journal.close()


def test_the_last_word_counts(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    for ok in (False, True):
        journal = Journal(path, HERE)
        journal.add(key(0), outcome(0, ok=ok))
        journal.close()
    journal = Journal(path, HERE)
    assert not journal.failed(key(0))
    assert journal.read(key(0))["record"]["ok"]
    journal.close()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_cut_off_anywhere_it_holds_all_whole_lines_and_goes_on(data: st.DataObject, tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.unlink(missing_ok=True)
    content = written(path, 4).read_bytes()
    cut = data.draw(st.integers(0, len(content)))
    path.write_bytes(content[:cut])
    whole = max(content[:cut].count(b"\n") - 1, 0)
    journal = Journal(path, HERE)
    assert [journal.has(key(number)) for number in range(4)] == [number < whole for number in range(4)]
    for number in range(whole, 4):
        journal.add(key(number), outcome(number, ok=number % 2 == 0))
    journal.close()
    assert path.read_bytes() == content


def test_a_line_that_the_disk_damaged_is_passed_over(tmp_path: Path) -> None:
    path = written(tmp_path / "journal.jsonl", 3)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1] + b"\0" * 50 + b"\n" + lines[3])
    journal = Journal(path, HERE)
    assert [journal.has(key(number)) for number in range(3)] == [True, False, True]
    assert journal.damaged == 1
    journal.close()


@pytest.mark.parametrize(
    ("sound", "spoilt"), [(b'"result": "\xc3\xa9"', b'"result": "\xc3\xa8"'), (b"01" * 16, b"03" * 16)]
)
def test_a_changed_character_is_noticed(sound: bytes, spoilt: bytes, tmp_path: Path) -> None:
    path = written(tmp_path / "journal.jsonl", 3)
    path.write_bytes(path.read_bytes().replace(sound, spoilt))
    journal = Journal(path, HERE)
    assert [journal.has(key(number)) for number in range(4)] == [True, False, True, False]
    assert journal.damaged == 1
    journal.close()


def test_damage_that_reads_as_depth_is_passed_over(tmp_path: Path) -> None:
    path = written(tmp_path / "journal.jsonl", 1)
    with path.open("ab") as lines:
        lines.write(b"[" * 200_000 + b"\n")
    journal = Journal(path, HERE)
    assert journal.has(key(0))
    assert journal.damaged == 1
    journal.close()


def test_a_line_that_was_damaged_since_is_not_read(tmp_path: Path) -> None:
    path = written(tmp_path / "journal.jsonl", 2)
    journal = Journal(path, HERE)
    path.write_bytes(path.read_bytes().replace(b'"result": "\xc3\xa9"', b'"result": "\xc3\xa8"'))
    assert journal.read(key(0))["record"]["ok"]
    with pytest.raises(OutputError, match="the checksum of a line is wrong"):
        journal.read(key(1))
    journal.close()


def test_each_line_is_json_of_its_own(tmp_path: Path) -> None:
    header, line = map(json.loads, written(tmp_path / "journal.jsonl", 1).read_text("utf-8").splitlines())
    assert list(header) == ["format", "configuration", "checksum"]
    assert list(line) == ["key", "seconds", "input_tokens", "output_tokens", "record", "checksum"]


def test_a_damaged_first_line_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "journal.jsonl", 1)
    path.write_bytes(path.read_bytes().replace(b"examples", b"exbmples", 1))
    with pytest.raises(UsageError, match="or its first line is damaged"):
        Journal(path, HERE)


def test_another_configuration_is_refused_in_words_unless_allowed(tmp_path: Path) -> None:
    path = written(tmp_path / "journal.jsonl", 1)
    other = {**HERE, "models": {"detector": "b", "masker": "m"}}
    with pytest.raises(UsageError) as caught:
        Journal(path, other)
    assert (
        "the model of detector was `a`, and is `b`; the model of masker was none, and is `m`"
        in caught.value.message
    )
    assert "--allow-changes" in str(caught.value.help)
    Journal(path, other, changes_allowed=True).close()
    Journal(path, other).close()
    with pytest.raises(UsageError, match="was begun otherwise"):
        Journal(path, HERE)


def test_two_at_once_are_refused(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl", HERE)
    with pytest.raises(UsageError, match="another batch is at work"):
        Journal(tmp_path / "journal.jsonl", HERE)
    journal.close()
    Journal(tmp_path / "journal.jsonl", HERE).close()


@pytest.mark.parametrize(
    "content", [b"my diary\n", b"my diary", b'{"a": 1}\n', b"[1]\n", b'{"form'[:3] + b"x"]
)
def test_a_foreign_file_is_left_as_it_is(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_bytes(content)
    with pytest.raises(UsageError, match="is no journal of a batch"):
        Journal(path, HERE)
    assert path.read_bytes() == content


@pytest.mark.parametrize("version", [1, 9])
def test_another_format_is_refused(version: int, tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    path.write_text(f'{{"format": "visprog-batch/{version}", "configuration": {{}}}}\n')
    with pytest.raises(UsageError, match="another version of VisProg"):
        Journal(path, HERE)


def test_what_json_has_no_name_for_stands_as_text() -> None:
    assert dump({"a": [float("inf"), 1.5], "b": float("nan"), "c": {1}, "d": "\ud800é"}) == (
        '{"a": ["inf", 1.5], "b": "nan", "c": "{1}", "d": "\\ud800é"}'.encode()
    )
