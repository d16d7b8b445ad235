"""The times on the page of a run."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from visprog.trace.html import render_html
from visprog.trace.run import Run


@pytest.mark.parametrize(
    ("started", "shown"),
    [
        ("2026-01-31T12:00:00+00:00", "2026-01-31 12:00:00 UTC"),
        ("2026-07-01T23:59:58.750+02:00", "2026-07-01 23:59:58 UTC+02:00"),
        ("2026-12-01T01:02:03", "2026-12-01 01:02:03"),
        ("some time in May", "some time in May"),
    ],
)
def test_the_page_shows_when_the_run_started(dogs_run: Run, started: str, shown: str) -> None:
    page = render_html(replace(dogs_run, started=started))
    assert re.findall(r"<time datetime=\"(.*?)\">(.*?)</time>", page) == [(started, shown)]


def test_the_page_shows_how_long_the_run_and_each_step_took(
    dogs_run: Run, read_page: Callable[[str], Any]
) -> None:
    text = " ".join(read_page(render_html(replace(dogs_run, seconds=83.4))).text.split())
    assert "1 min 23 s" in text
    assert text.count("8.00 ms") >= 4  # each step took 0.008 s


def test_the_page_shows_when_each_step_started(dogs_run: Run) -> None:
    started = re.findall(r"8\.00 ms, [a-z ]*([\d.]+ \w+)", render_html(dogs_run))
    assert sorted(set(started)) == ["0 s", "10.0 ms", "30.0 ms", "40.0 ms"]
