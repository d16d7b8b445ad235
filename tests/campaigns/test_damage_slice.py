"""A small part of the campaign that damages journals and caches."""

from __future__ import annotations

from tests.campaigns.damage import campaign


def test_damage_to_journals_and_caches_leads_to_nothing_wrong() -> None:
    assert campaign(range(60), tell=lambda words: None) == []
