"""In a notebook, a result that is a list of pictures is shown as pictures."""

from __future__ import annotations

import base64
import io
import pickle
import re
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image as PILImage

from visprog.trace.pictures import Pictures, is_pictures
from visprog.trace.run import Run
from visprog.values import Image

Make = Callable[..., Run]


def test_a_list_of_pictures_shows_its_pictures(bottles_run: Make, read_page: Callable[[str], Any]) -> None:
    run = bottles_run(3)
    shown = run.result._repr_html_()
    sizes = [
        PILImage.open(io.BytesIO(base64.b64decode(data))).size
        for data in re.findall(r'src="data:image/\w+;base64,([^"]+)"', shown)
    ]
    assert sizes == [picture.size for picture in run.result] == [(60, 70), (61, 70), (62, 70)]
    assert "0: 60 × 70" in read_page(shown).text


def test_only_the_first_pictures_are_shown(bottles_run: Make) -> None:
    shown = bottles_run(64).result._repr_html_()
    assert shown.count("<img") == 24
    assert "and 40 more" in shown


def test_the_list_is_a_list(bottles_run: Make) -> None:
    run = bottles_run(3)
    assert run.result == run.variables["IMAGES0"]
    assert isinstance(run.result, list)
    assert pickle.loads(pickle.dumps(Pictures())) == []
    assert run.to_json()["result"]["type"] == "list"


@pytest.mark.parametrize("value", [[], ["a"], "text", None])
def test_other_results_are_unchanged(run_of: Make, photo: Callable[..., Image], value: object) -> None:
    assert not is_pictures(value)
    run = run_of("A=Vqa(image=IMAGE, question='q')", {"IMAGE": photo()}, [value])
    assert run.result is value
