"""A small part of the campaign of damaged pictures, and tests of the campaign itself."""

from __future__ import annotations

import math
import os
import signal
import time
import warnings
from collections.abc import Callable

import pytest

from tests.campaigns import pictures
from tests.campaigns.picture_seeds import seeds
from tests.campaigns.pictures import Tally, Trials, campaign, run
from visprog import Image, ImageError, load_image


def test_damaged_pictures_are_read_or_rejected_with_a_message() -> None:
    tally = run(1_500, math.inf, 1_000_000, report=lambda line: None)
    assert tally.findings == []
    assert tally.tried == 1_500
    assert tally.outcomes["metadata damaged, read"] > 30
    assert tally.outcomes["read"] > 200


def test_every_format_has_a_seed_picture() -> None:
    formats = {name.split()[0] for name in seeds()} - {"HEIC"}
    assert formats == {"PNG", "JPEG", "GIF", "WEBP", "BMP", "TIFF", "AVIF"}


def _dies(source: object) -> Image:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError


def _warns(source: object) -> Image:
    warnings.warn("a warning", UserWarning, stacklevel=1)
    return load_image(b"")


def _prints(source: object) -> Image:
    os.write(2, b"odd")
    return load_image(b"x")


def _raises(source: object) -> Image:
    raise KeyError("odd")


def _has_no_message(source: object) -> Image:
    raise ImageError("")


def _takes_long(source: object) -> Image:
    started = time.process_time()
    while time.process_time() - started < 0.2:
        pass
    raise ImageError("damaged", help="none")


@pytest.mark.parametrize(
    ("reader", "finding"),
    [
        (_dies, "died with status -9"),
        (_warns, "UserWarning: a warning"),
        (_prints, "prints b'odd'"),
        (_raises, "KeyError"),
        (_has_no_message, "an error without a message"),
        (_takes_long, "it takes 0.2 s"),
    ],
)
def test_every_kind_of_failure_is_a_finding(
    reader: Callable[[object], Image], finding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    trials, tally = Trials(), Tally()
    monkeypatch.setattr(pictures, "load_image", reader)
    monkeypatch.setattr(pictures, "SLOW", 0.1)
    seed = next(seed for seed in range(100) if trials.file(seed)[1] != "metadata")
    campaign(trials, seed, 1, tally)
    assert len(tally.findings) == 1
    assert finding in tally.findings[0]
    assert f"seed {seed}" in tally.findings[0]
