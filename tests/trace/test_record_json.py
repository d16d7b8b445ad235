from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from visprog.trace.run import Run

GOLDEN = Path(__file__).parent / "golden"


def test_the_record_of_a_run_matches_its_golden_file(dogs_run: Run) -> None:
    assert dogs_run.to_json() == json.loads((GOLDEN / "dogs.json").read_text("utf-8"))


def test_the_record_of_a_failed_run_matches_its_golden_file(failed_run: Run) -> None:
    assert failed_run.to_json() == json.loads((GOLDEN / "failed.json").read_text("utf-8"))


def test_the_record_of_lifted_steps_matches_its_golden_file(bottles_run: Callable[..., Run]) -> None:
    assert bottles_run(5).to_json() == json.loads((GOLDEN / "lifted.json").read_text("utf-8"))


def test_the_record_is_json_data(dogs_run: Run, bottles_run: Callable[..., Run]) -> None:
    record = {"dogs": dogs_run.to_json(), "bottles": bottles_run(5).to_json()}
    assert json.loads(json.dumps(record, allow_nan=False)) == record
