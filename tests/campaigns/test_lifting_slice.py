"""A fixed slice of the campaign, and a check that it finds what is wrong."""

from __future__ import annotations

import time

import pytest

from tests.campaigns import lifting
from tests.campaigns.lifting import Tally, Trial, campaign, try_seed
from visprog.engine import step_keys, step_run


def test_twelve_programs_have_the_same_results_in_every_way() -> None:
    tally = campaign(12, None, seed=100, quiet=True)
    assert tally.findings == []
    assert set(tally.runs) == {"unrolled", *(way.__name__ for way in lifting.WAYS)}
    assert sum(tally.lifted.values()) > 20


def test_a_different_result_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_run, "element_key", lambda base, items: step_keys.element_key(base, {}))
    tally = Tally()
    for seed in range(20):
        try_seed(seed, tally, (lifting.cached,))
    assert any("cached" in each for each in tally.findings)


def test_a_way_that_hangs_or_raises_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    def raises(trial: Trial) -> list[str]:
        raise LookupError("gone")

    def hangs(trial: Trial) -> list[str]:
        time.sleep(2)
        return []

    monkeypatch.setattr(lifting, "HANGS", 0.1)
    tally = Tally()
    try_seed(1, tally, (raises, hangs))
    assert len(tally.findings) == 2
    assert "LookupError: gone" in tally.findings[0]
    assert tally.findings[1].endswith("it hangs")
