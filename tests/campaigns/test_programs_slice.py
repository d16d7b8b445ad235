"""A fixed slice of the campaign, and tests of the program writer."""

from __future__ import annotations

import itertools
import random

import pytest

from tests.campaigns import programs
from tests.campaigns.program_writer import ProgramWriter
from tests.campaigns.programs import Tally, campaign, make_session, try_program, written_programs
from visprog import tool
from visprog.modules import TOOLS


def test_two_thousand_programs_finish_or_fail_with_a_message() -> None:
    tally = campaign(2_000, None, seed=1, quiet=True)
    assert tally.findings == []
    assert tally.tried == 2_000
    assert tally.run > 600
    assert tally.failed["ExpressionError"] > 20


def test_the_same_seed_writes_the_same_programs() -> None:
    session = make_session()
    first, second = (
        list(itertools.islice(written_programs(session, random.Random(3)), 200)) for _ in range(2)
    )
    assert first == second
    assert len(set(first)) > 190


def test_every_tool_is_called_and_most_well_typed_programs_check() -> None:
    session = make_session()
    writer = ProgramWriter((each.signature for each in session.tools), random.Random(5))
    written = [writer.well_typed() for _ in range(300)]
    assert all(any(f"={each.name}(" in program for program in written) for each in TOOLS)
    assert sum(session.check(program).ok for program in written) > 240


def test_growing_programs_grow_beyond_the_limits() -> None:
    session, tally = make_session(), Tally()
    writer = ProgramWriter((each.signature for each in session.tools), random.Random(5))
    for _ in range(60):
        try_program(session, writer.growing(), tally)
    assert tally.failed["ExpressionError"] > 20
    assert tally.findings == []


def test_every_kind_of_failure_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    @tool("Broken")
    def broken() -> int:
        """Raise something."""
        raise KeyError("gone")

    @tool("Busy")
    def busy() -> int:
        """Take long."""
        return sum(range(2_000_000))

    session, tally = make_session(), Tally()
    session.tools.add(broken)
    session.tools.add(busy)
    try_program(session, "RESULT=Broken()", tally)
    monkeypatch.setattr(programs, "SLOW", 0.001)
    try_program(session, "RESULT=Busy()", tally)
    assert [finding.splitlines()[0].split(":")[0] for finding in tally.findings] == ["AssertionError", "slow"]


def test_a_program_that_hangs_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    @tool("Hang")
    def hang() -> int:
        """Never return."""
        while True:
            pass

    session, tally = make_session(), Tally()
    session.tools.add(hang)
    monkeypatch.setattr(programs, "HANGS", 0.2)
    try_program(session, "RESULT=Hang()", tally)
    assert tally.findings[0].startswith("HangError")
