"""A small part of the campaign that damages journals and caches."""

from __future__ import annotations

from tests.campaigns.damage import campaign


def test_damaged_journals_and_caches_never_give_wrong_results() -> None:
    assert campaign(range(60), report=lambda line: None) == []
