"""A fixed slice of the campaign with model texts, and a dozen megabytes for every role."""

from __future__ import annotations

import random

import pytest

from tests.campaigns.model_text import (
    PIECES,
    PROGRAM,
    ROLES,
    SECONDS,
    Case,
    cases,
    cpu_seconds,
    outcome,
    repeated,
)


def test_known_answers_are_extracted_from_random_wrappers() -> None:
    found = cases(random.Random(7))
    for case in (next(found) for _ in range(400)):
        assert outcome(case) == case.expected, case


def test_the_campaign_finds_a_wrong_answer() -> None:
    assert outcome(Case("extraction", PROGRAM, "X=Y()")) != "X=Y()"


@pytest.mark.parametrize("role", ROLES)
def test_every_role_reads_a_megabyte_in_linear_time(role: str) -> None:
    """Quadratic time would take minutes to hours of CPU."""
    slow = {
        piece: taken for piece in PIECES if (taken := cpu_seconds(ROLES[role], repeated(piece))) > SECONDS
    }
    assert not slow
