"""The mutation campaign, where its tools are installed: which mutants it makes, and what it reports."""

from __future__ import annotations

import pytest

pytest.importorskip("mutmut", reason="the campaign needs `pip install mutmut coverage`")
pytest.importorskip("coverage", reason="the campaign needs `pip install mutmut coverage`")

from tests.campaigns.mutant_coverage import combine
from tests.campaigns.mutant_source import compiles, diff, find_mutants
from tests.campaigns.mutants import summary

SOURCE = '''"""Words."""

LIMIT: int = 3
__all__ = ["shorten"]


def shorten(text: str, most: int = LIMIT) -> str:
    """Cut a text."""
    if not text:
        raise ValueError("no text")
    check(text)
    return text[:most] + ".." if len(text) > most else text
'''


def changes(source: str) -> list[str]:
    return [diff(source, each.apply(source)) for each in find_mutants("words.py", source)]


def test_each_mutant_changes_one_place_and_is_python() -> None:
    found = list(find_mutants("words.py", SOURCE))
    codes = [each.apply(SOURCE) for each in found]
    assert len(codes) == len(set(codes)) == len({each.key for each in found})
    assert all(compiles(code) and code != SOURCE for code in codes)
    assert all(text.count("\n+") == 1 for text in changes(SOURCE))


@pytest.mark.parametrize(
    "line",
    [
        "+LIMIT: int = 4",
        "+    if text:",
        "+    pass",
        '+    return text[:most] - ".." if len(text) > most else text',
        '+    return text[:most] + "." if len(text) > most else text',
        '+    return text[:most] + ".." if len(text) >= most else text',
        '+    return text[:most] + ".." if (len(text) > most) or True else text',
    ],
)
def test_these_changes_are_made(line: str) -> None:
    assert any(change.endswith(f"\n{line}") for change in changes(SOURCE))


@pytest.mark.parametrize("words", ["Words", "Cut", "no text", "shorten", "str"])
def test_docstrings_messages_names_and_annotations_are_left_alone(words: str) -> None:
    assert all(change.count(words) in (0, 2) for change in changes(SOURCE))


def test_a_mutant_is_run_against_the_tests_that_run_its_line_the_quickest_first() -> None:
    slow, quick, other = (
        "tests/test_words.py::slow",
        "tests/test_words.py::quick",
        "tests/test_words.py::other",
    )
    measured = {
        "seconds": {slow: 2.0, quick: 0.1, other: 0.2},
        "lines": {"words.py": {"9": [slow, quick, other], "12": [slow, quick]}},
    }
    coverage = combine({"words.py": SOURCE}, [measured], most=2.2)
    chosen = {each.lines[0]: list(coverage.tests_of(each)) for each in find_mutants("words.py", SOURCE)}
    assert chosen[12] == [quick, slow]
    assert chosen[3] == [quick, other]


def test_the_summary_lists_survivors_and_counts() -> None:
    results = [
        {"key": "words.py:3:0-1:Integer:number:0", "state": state, "test": "", "diff": f"-{state}"}
        for state in ("killed", "killed", "timed out", "survived", "not covered", "invalid")
    ]
    lines = summary(results).splitlines()
    assert lines[0].startswith("words.py:3: survived")
    assert lines[1] == "-survived"
    assert lines[-1] == "5 mutants: 2 killed, 1 timed out, 1 survived, 1 not covered; score 60.0%"
