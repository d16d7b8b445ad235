"""Every kind of value in every view, against a golden file."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest

from visprog.batch.failures import LINE
from visprog.printable import json_text
from visprog.results import save_result
from visprog.trace.html import render_html
from visprog.trace.limits import Room, shorten
from visprog.trace.run import Run
from visprog.trace.shortening import Shortener
from visprog.trace.value_view import TEXT_LIMIT, describe, view, whole
from visprog.values import Image, Region, Regions

GOLDEN = Path(__file__).parent / "golden" / "values.txt"

IMAGE = Image(np.arange(6 * 8 * 3, dtype=np.uint8).reshape(6, 8, 3))
SIZE = IMAGE.size


def noted() -> Image:
    image = Image(np.zeros((2, 3, 3), np.uint8))
    image.notes = ("scaled down",)
    return image


VALUES: dict[str, object] = {
    "text": 'it\'s "so"\nand <so>',
    "long text": "word " * 5_000,
    "true": True,
    "number": 42,
    "large number": 2**200,
    "fraction": 0.1,
    "infinity": float("inf"),
    "none": None,
    "image": IMAGE,
    "image with notes": noted(),
    "crop": IMAGE.crop((1, 1, 4, 5)),
    "transparent image": IMAGE.with_alpha(np.eye(6, 8, dtype=np.uint8) * 200),
    "region": Region((0, 0, 4, 3), "dog", 0.987),
    "region without label": Region((1, 0, 4, 3)),
    "region with mask": Region((0, 0, 4, 3), "cat", 0.004, np.eye(6, 8, dtype=np.bool_)),
    "no regions": Regions(size=SIZE),
    "regions": Regions(
        (
            Region((0, 0, 4, 3), "dog", 0.9, np.eye(6, 8, dtype=np.bool_)),
            Region((1, 1, 9, 5), "a label of more than forty characters, to be cut", 0.5),
            Region((1, 1, 3, 5)),
        ),
        size=SIZE,
    ),
    "many regions": Regions([Region((0, 0, 4, 3), f"bird {n % 50}") for n in range(1_200)], size=SIZE),
    "long label": Regions([Region((0, 0, 4, 3), "l" * 1_500)], size=SIZE),
    "empty list": [],
    "list": ["a", 1, 2.5, None, False, ["b", ["c"]], IMAGE, Region((0, 0, 4, 3), "dog")],
    "long list": [f"word {n}" for n in range(1_300)],
    "list of long texts": ["long " * 1_000] * 60,
    "deep list": [[[[[[[[[["leaf"]]]]]]]]]],
    "list of regions": [Regions([Region((0, 0, 4, 3), "dog", 0.5)], size=SIZE), Regions(size=SIZE)],
    "list of pictures": [IMAGE, IMAGE.as_root().crop((1, 0, 3, 2))],
    "mapping": {"key": ["value"], "other": 1},
    "large mapping": {f"key {n}": "v" * 1_000 for n in range(30)},
}


def _condensed(data: Any) -> Any:
    """Return JSON data without the middle of long texts and lists."""
    if isinstance(data, str) and len(data) > 400:
        return f"{data[:30]} [...] {data[-60:]} [{len(data)} characters]"
    if isinstance(data, list):
        parts = data if len(data) <= 10 else [*data[:2], f"[{len(data)} items]", *data[-2:]]
        return [_condensed(part) for part in parts]
    if isinstance(data, dict):
        return {name: _condensed(part) for name, part in data.items()}
    return data


def _views(run: Run, folder: Path) -> dict[str, Any]:
    """Return how each view shows the result of a run."""
    shortener = Shortener(LINE)
    result = render_html(run).partition("<h2>Result</h2>")[2].partition("</section>")[0]
    views: dict[str, Any] = {
        "record": run.to_json()["result"],
        "batch line": shortener.data(run.result),
        "shortened": shortener.cut,
        "repr": repr(run),
        "page": [line for line in result.splitlines() if line.strip() and line != "</div>"],
    }
    if not isinstance(run.result, Image):
        for name in ("result.json", "result.txt"):
            save_result(run.result, folder / name)
            views[name] = (folder / name).read_text("utf-8")
    return views


@pytest.mark.parametrize("name", VALUES)
def test_a_value_matches_its_golden_section_in_every_view(
    run_of: Callable[..., Run], tmp_path: Path, name: str
) -> None:
    run = run_of("A=Vqa(image=IMAGE, question='q')", {"IMAGE": IMAGE}, [VALUES[name]])
    views = _views(run, tmp_path)
    expected = GOLDEN.read_text("utf-8").partition(f"## {name}\n")[2].partition("\n##")[0].rstrip("\n")
    shown = [f"{view}: {json_text(_condensed(data), indent=None)}" for view, data in views.items()]
    assert expected.splitlines() == shown


class Sound:
    """A kind of value that the package does not know."""


@dataclass(frozen=True)
class SoundView:
    sound: Sound
    kind: ClassVar[str] = "sound"

    def summary(self) -> str:
        return "sound of 3 s"

    def text(self) -> str:
        return "a sound"

    def data(self) -> dict[str, int]:
        return {"seconds": 3}

    def record(self) -> dict[str, Any]:
        return {"type": "Sound", **self.data()}


@view.register
def _sound(value: Sound, room: Room) -> SoundView:
    room.left -= 10
    return SoundView(value)


def test_a_new_kind_needs_only_its_view(run_of: Callable[..., Run], tmp_path: Path) -> None:
    run = run_of("A=Vqa(image=IMAGE, question='q')", {"IMAGE": IMAGE}, [[Sound()]])
    views = _views(run, tmp_path)
    assert views["record"]["items"] == [{"type": "Sound", "seconds": 3}]
    assert views["batch line"] == json.loads(views["result.json"]) == [{"seconds": 3}]
    assert views["result.txt"] == "a sound\n"
    assert "sound of 3 s" in "".join(views["page"])
    assert repr(run) == "<Run of 1 steps: A = [sound of 3 s]>"


@pytest.mark.parametrize(
    ("value", "kind", "summary"),
    [
        ("it's", "text", '"it\'s"'),
        (True, "truth", "True"),
        (3, "number", "3"),
        (0.5, "number", "0.5"),
        (None, "nothing", "None"),
        (["a", 2], "list", "['a', 2]"),
        ({1}, "other", "{1}"),
        (Image(np.zeros((4, 6, 3), np.uint8)), "image", "picture of 6 × 4"),
        (Region((0, 0, 2, 2), "dog", 0.5), "region", "dog 50%"),
        (Regions(size=(6, 4)), "regions", "no region"),
    ],
)
def test_each_type_has_a_kind_and_a_summary(value: object, kind: str, summary: str) -> None:
    assert (describe(value).kind, describe(value).summary) == (kind, summary)


def test_a_summary_names_at_most_four_labels() -> None:
    regions = Regions((Region((0, 0, 2, 2), name) for name in "abcdef"), size=(6, 4))
    assert describe(regions).summary == "6 regions: a, b, c, d and 2 more"


def test_a_long_text_is_cut_with_its_length() -> None:
    assert shorten("x" * 12_345, 10) == "xxxxxxxxxx… (12,345 characters)"


def test_a_long_repr_is_bounded() -> None:
    assert len(describe({"x" * 100_000}).summary) < TEXT_LIMIT + 50


def test_a_mask_is_recorded_by_its_area() -> None:
    mask = np.eye(4, dtype=np.bool_)
    assert whole(Region((0, 0, 4, 4), mask=mask)).record()["mask_area"] == 4


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
def test_numbers_that_json_lacks_are_recorded_as_text(value: float) -> None:
    assert json.loads(json.dumps(whole(value).record(), allow_nan=False))["value"] == str(value)
